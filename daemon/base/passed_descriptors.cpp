// SPDX-License-Identifier: MIT
#include "daemon/base/passed_descriptors.hpp"

#include <cstdlib>
#include <cstring>

#include <systemd/sd-daemon.h>

namespace protohost::base {

Result<std::vector<PassedDescriptor>> take_passed_descriptors() {
    char** names = nullptr;
    const int count = ::sd_listen_fds_with_names(1, &names);
    if (count < 0) {
        return failure("LISTEN_FDS",
                       std::string("what was passed cannot be told: ") + std::strerror(-count),
                       "LISTEN_FDS is the number of descriptors, from 3 on, and LISTEN_FDNAMES has "
                       "a name for each",
                       -count);
    }
    std::vector<PassedDescriptor> passed;
    for (int i = 0; i < count; ++i) {
        passed.push_back({names[i], Descriptor(SD_LISTEN_FDS_START + i)});
        std::free(names[i]);
    }
    std::free(names);
    return passed;
}

}  // namespace protohost::base

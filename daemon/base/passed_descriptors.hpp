// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "daemon/base/descriptor.hpp"
#include "daemon/base/error.hpp"

namespace protohost::base {

/// One that the service manager has opened, or kept, for this process.
struct PassedDescriptor {
    std::string name;  ///< "unknown" where it says none
    Descriptor descriptor;
};

/// As LISTEN_FDS and LISTEN_FDNAMES say, where LISTEN_PID names this process; nothing of another
/// one's. All three are taken out of the environment, and what was passed is closed on exec: no
/// child is to have it. To be called once, before there are other threads.
Result<std::vector<PassedDescriptor>> take_passed_descriptors();

}  // namespace protohost::base

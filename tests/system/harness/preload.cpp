// SPDX-License-Identifier: MIT
#include "tests/system/harness/preload.hpp"

#include "tests/system/harness/child.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/scale.hpp"

namespace protohost::harness {

std::vector<std::string> preloaded(const std::string& library,
                                   const std::vector<std::string>& variables) {
    std::string libraries = PROTOHOST_BUILD_DIR "/tests/preloaded/" + library;
    if (sanitized) {
        // A sanitizer's runtime must come before everything else.
        const std::string needed = run({"ldd", daemon_program()}).output;
        const std::size_t name = needed.find("san.so");
        const std::size_t begin = needed.find('/', name);
        libraries = needed.substr(begin, needed.find(' ', begin) - begin) + ":" + libraries;
    }
    std::vector<std::string> wrapper = {"env", "LD_PRELOAD=" + libraries};
    wrapper.insert(wrapper.end(), variables.begin(), variables.end());
    return wrapper;
}

}  // namespace protohost::harness

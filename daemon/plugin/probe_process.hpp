// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>

#include "daemon/base/error.hpp"

namespace protohost::plugin {

/// How the process of a probe ended, and what it left.
struct ProbeEnd {
    bool timed_out = false;
    bool unwanted = false;  ///< nobody waited for it any more
    int exit_code = 0;
    int signal = 0;  ///< 0: it exited
    std::string output;
    std::string last_words;  ///< the last line on its standard error
};

/// Runs `program --probe` with `input` on its standard input, in a process group of its own,
/// without the daemon's descriptors and without what its service manager told the daemon alone.
/// Whatever of the group is left when it ends, when `limit` is over, or when the descriptor `stop`
/// is readable, is killed.
///
/// [any] Blocks until then. `label` is the `where` of the errors.
base::Result<ProbeEnd> run_probe_process(const std::string& label,
                                         const std::string& program,
                                         const std::string& input,
                                         std::chrono::milliseconds limit,
                                         int stop = -1);

}  // namespace protohost::plugin

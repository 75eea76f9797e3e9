// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace protohost {

/// What the exit code says; the same everywhere, and known to the systemd unit.
enum ExitCode : int {
    exit_ok = 0,
    exit_machine = 1,  ///< an address or a directory that cannot be had
    exit_usage = 2,
    exit_configuration = 78,  ///< EX_CONFIG: a file or a plugin to mend; restarting is no use
};

/// Serves `file` until SIGTERM or SIGINT; returns the exit code.
int run_daemon(const std::string& file);

/// `protohostd --check`: everything up to bind, and changes nothing.
int check_configuration(const std::string& file);

/// `protohostd --dump-plugin`: prints what the file is.
int dump_plugin(const std::string& file);

/// `protohostd --check-plugin`: the same, after it was tried in a process of its own.
int check_plugin(const std::string& file);

}  // namespace protohost

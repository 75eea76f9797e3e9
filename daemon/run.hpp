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

/// Serves `file` until SIGTERM or SIGINT; returns the exit code. With `plugin_checks` it looks for
/// what plugins must not do, where that costs too much to be looked for always: calls on the wrong
/// thread, and callbacks that hold the loop.
int run_daemon(const std::string& file, bool plugin_checks);

/// `protohostd --check`: everything up to bind, and changes nothing.
int check_configuration(const std::string& file);

/// `protohostd --dump-plugin`: prints what the file is.
int dump_plugin(const std::string& file);

/// `protohostd --check-plugin`: the same, after it was tried in a process of its own.
int check_plugin(const std::string& file);

}  // namespace protohost

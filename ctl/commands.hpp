// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace ctl {

/// The same for all commands.
enum ExitCode : int {
    exit_done = 0,
    exit_refused = 1,  ///< nothing was changed
    exit_usage = 2,
    exit_restart_pending = 3,  ///< done, but a setting waits for a restart
    exit_timeout = 4,
    exit_unreachable = 5,
    exit_denied = 6
};

/// What the command line chose.
struct Options {
    std::string socket;
    double timeout = 60;
    bool json = false;
    bool watch = false;
    bool abort = false;
    bool effective = false;
    bool follow = false;
    int lines = 10;
    std::string what;
    std::string unit;
    std::string signal;
    std::string id;
    std::string level;
    std::string level_for;
    std::string plugin;
    std::string config;
};

/// One command: prints, and returns what to exit with.
using Command = int (*)(const Options& options);

/// Where a daemon of this user listens when its configuration does not say.
std::string default_socket();

int show_status(const Options& options);
int list(const Options& options);
int list_generations(const Options& options);
int show_unit(const Options& options);
int reload(const Options& options);
int diff(const Options& options);
int roll_back(const Options& options);
int drain(const Options& options);
int stop_unit(const Options& options);
int start_unit(const Options& options);
int restart_unit(const Options& options);
int send_signal(const Options& options);
int show_tail(const Options& options);
int close_connection(const Options& options);
int set_level(const Options& options);
int show_configuration(const Options& options);
int schema(const Options& options);
int version(const Options& options);

// Without a daemon.
int new_plugin(const Options& options);
int check_plugin(const Options& options);
int check_configuration(const Options& options);

}  // namespace ctl

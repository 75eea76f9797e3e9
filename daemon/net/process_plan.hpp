// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace protohost::net {

/// One of setrlimit's.
struct ProcessLimit {
    int resource;  ///< RLIMIT_NOFILE, ...
    std::uint64_t soft;
    std::uint64_t hard;
};

/// What a new process is to be: all of it, for it inherits nothing else. Signals are as at the
/// beginning of a program, it leads a process group of its own, and it is killed when the daemon
/// dies.
struct ProcessPlan {
    /// The first is the program, which the child looks up in the PATH of `environment`, unless it
    /// has a slash.
    std::vector<std::string> command;
    /// Another program than command[0], which is then only its name; empty: no other.
    std::string executable;
    std::vector<std::string> environment;  ///< "NAME=value"
    std::string directory;                 ///< empty: the daemon's
    /// The child's numbers, and what they are of ours. Every other descriptor is closed in it.
    std::map<int, int> descriptors;
    bool new_session = false;
    /// Which of its descriptors becomes it, in a new session; -1: none.
    int controlling_terminal = -1;
    // Whose it is; absent: the daemon's.
    std::optional<uid_t> user;
    std::optional<gid_t> group;
    std::optional<std::vector<gid_t>> groups;
    std::optional<mode_t> umask;
    std::vector<ProcessLimit> limits;
    bool outlives_the_daemon = false;  ///< it is not killed with it
};

}  // namespace protohost::net

// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/model/address.hpp"
#include "daemon/model/place.hpp"

// What an entry of `subprocesses:` says of its process.

namespace protohost::model {

/// One of setrlimit's; it is both the soft and the hard one.
struct ProcessLimit {
    int resource;  ///< RLIMIT_NOFILE, ...
    std::uint64_t value;
    std::string_view key{};  ///< "nofile", ...
    Place place{};

    static constexpr std::uint64_t unlimited = ~std::uint64_t{0};
    bool operator==(const ProcessLimit&) const = default;
};

/// What is started. Whatever differs in it needs another process.
struct ProcessSpec {
    /// The program and its arguments; empty where it is `shell`.
    std::vector<std::string> command;
    /// A line for /bin/sh.
    std::string shell;
    std::optional<Located<std::string>> user;  ///< by name or number
    std::optional<Located<std::string>> group;
    std::map<std::string, std::string> environment;
    std::optional<Located<std::string>> directory;
    std::vector<ProcessLimit> limits;
    /// Its descriptors 0, 1 and 2 are a terminal.
    bool pty = false;

    bool operator==(const ProcessSpec&) const = default;
};

/// When a process that has ended is started again. A failure is every end but exit code 0.
enum class Restart { always, on_failure, never };

/// `backoff:`. The pause before a restart doubles from `initial` to `max`, each time shortened by
/// up to `jitter` of it; after a process that has lived for `reset_after` it begins anew.
struct ProcessBackoff {
    std::chrono::nanoseconds initial = std::chrono::milliseconds(100);
    std::chrono::nanoseconds max = std::chrono::seconds(30);
    double jitter = 0.2;  ///< 0 to 1
    std::chrono::nanoseconds reset_after = std::chrono::seconds(60);

    bool operator==(const ProcessBackoff&) const = default;
};

/// `ready:`: what says that the process does its work.
struct ProcessReadiness {
    enum class Kind {
        started,  ///< that it is there
        after,    ///< that it has lived so long
        newline,  ///< that it writes one to a descriptor
        notify,   ///< READY=1, as to systemd
        connect   ///< that somebody accepts connections there
    };

    Kind kind = Kind::started;
    std::chrono::nanoseconds after{0};
    int descriptor = -1;
    std::optional<Located<Address>> address;
    /// One that is not ready by then has failed. 0: there is no hurry.
    std::chrono::nanoseconds timeout = std::chrono::seconds(60);

    bool operator==(const ProcessReadiness&) const = default;
};

}  // namespace protohost::model

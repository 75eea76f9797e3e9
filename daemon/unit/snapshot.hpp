// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace protohost::unit {

/// The process of a subprocess.
struct ProcessSnapshot {
    pid_t pid = 0;  ///< 0: it does not run
    std::chrono::seconds age{0};
    std::uint64_t starts = 0;
    std::string last_exit;  ///< "exited with code 1", "was killed by SIGSEGV", why it did not start
    std::string status;     ///< what it says of itself
    std::uint64_t dropped_lines = 0;     ///< that were too many to be logged
    std::vector<std::string> waits_for;  ///< what must be ready before
};

/// What a unit says of itself.
struct UnitSnapshot {
    std::string section;  ///< "listeners", "endpoints", "subprocesses"
    std::string name;
    /// "serving", "opening", "waiting" (for its next attempt), "given up", "stopped" (by an
    /// operator), "draining" (its definition is gone, or an operator stops it). Of a subprocess:
    /// "starting", "running", "ready", "stopping", "backoff", "exited", "failed", "stopped".
    std::string state;
    std::vector<std::string> addresses;         ///< where it listens, or what it opens
    std::vector<std::string> plugin_addresses;  ///< where its plugin listens beside
    std::string protocol;                       ///< "echo/echo"
    unsigned generation = 0;                    ///< of its plugin, for what is opened now
    std::size_t connections = 0;
    std::size_t old_connections = 0;  ///< of those, with an earlier factory
    std::uint64_t opened = 0;         ///< connections since the unit began
    std::uint64_t refused = 0;        ///< for limits.per_source
    std::uint64_t failed = 0;         ///< callbacks and factories that failed
    std::uint64_t received = 0;       ///< bytes, of connections that have ended too
    std::uint64_t sent = 0;
    std::map<std::string, std::uint64_t> failed_handshakes;  ///< of TLS, by reason
    std::string last_error;
    std::chrono::milliseconds next_attempt{0};  ///< while "waiting", or in "backoff"
    std::optional<ProcessSnapshot> process;     ///< of a subprocess
};

/// One living transport.
struct ConnectionSnapshot {
    std::string id;  ///< never used again in the life of the process
    std::string unit;
    std::string role;  ///< "accepted", "served", "connected", "bound", "pipe", "process"
    std::string peer;
    std::string state;  ///< "open", "closing"
    unsigned generation = 0;
    std::chrono::seconds age{0};
    std::uint64_t received = 0;
    std::uint64_t sent = 0;
    std::size_t write_buffer = 0;
    bool reading = false;  ///< false also of what never reads
    bool reading_paused = false;
    bool writing_paused = false;
};

}  // namespace protohost::unit

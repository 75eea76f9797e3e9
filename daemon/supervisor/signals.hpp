// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <csignal>
#include <cstdint>
#include <functional>

#include "daemon/base/descriptor.hpp"
#include "daemon/base/log.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/supervisor/supervisor.hpp"

namespace protohost::supervisor {

/// SIGHUP reloads. SIGUSR1 opens the log's file anew. SIGTERM and SIGINT stop the daemon, twice at
/// once. One in a process: a signal handler knows no objects.
class Signals final : private net::EventSink {
public:
    /// `stopped` is called when the last unit has stopped. What comes before the loop runs waits.
    /// Throws std::system_error.
    Signals(net::Loop& loop, Supervisor& supervisor, std::function<void()> stopped);
    /// Gives the signals back to whoever had them.
    ~Signals() override;

    /// Whoever rotates logs tells every process of that name, also one that has no log, or is about
    /// to end: none of them is to die of it. To be called first of all.
    static void ignore_until_handled() { std::signal(SIGUSR1, SIG_IGN); }

private:
    /// In the order in which those are dealt with that have come together.
    static constexpr std::array handled{SIGUSR1, SIGHUP, SIGINT, SIGTERM};

    void on_events(std::uint32_t events) override;
    void received(int signal);

    net::Loop& loop_;
    Supervisor& supervisor_;
    std::function<void()> stopped_;
    base::Descriptor bell_;  ///< readable when one has come
    std::array<struct sigaction, handled.size()> before_{};
    base::Log log_{"supervisor"};
    bool stopping_ = false;
};

}  // namespace protohost::supervisor

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

/// SIGHUP reloads. SIGTERM and SIGINT stop the daemon, twice at once. One in a process: a signal
/// handler knows no objects.
class Signals final : private net::EventSink {
public:
    /// `stopped` is called when the last unit has stopped. What comes before the loop runs waits.
    /// Throws std::system_error.
    Signals(net::Loop& loop, Supervisor& supervisor, std::function<void()> stopped);
    /// Gives the signals back to whoever had them.
    ~Signals() override;

private:
    static constexpr std::array handled{SIGTERM, SIGINT, SIGHUP};

    void on_events(std::uint32_t events) override;
    void received(int signal);

    net::Loop& loop_;
    Supervisor& supervisor_;
    std::function<void()> stopped_;
    base::Descriptor counter_;  ///< of the signals that have come
    std::array<struct sigaction, handled.size()> before_{};
    base::Log log_{"supervisor"};
    bool stopping_ = false;
};

}  // namespace protohost::supervisor

// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "daemon/base/error.hpp"
#include "daemon/base/service_notification.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/timer.hpp"
#include "daemon/supervisor/observer.hpp"
#include "daemon/supervisor/supervisor.hpp"

namespace protohost::supervisor {

/// Tells the service manager how the daemon is doing, where there is one: that it is ready, reloads
/// and stops, what it serves, and that its loop goes round. All [loop].
class Service final : private Observer {
public:
    struct Settings {
        base::ServiceSocket socket;
        /// See base::take_watchdog_interval().
        std::optional<std::chrono::microseconds> watchdog{};
        /// Between two looks at what STATUS= says; it is sent where it has changed.
        std::chrono::milliseconds status_period{2000};
        /// While the daemon stops, the manager is asked for more time so often, for three times as
        /// much: one that is stuck is killed all the same.
        std::chrono::milliseconds extension_period{5000};
    };

    /// `supervisor` outlives it.
    Service(net::Loop& loop, Supervisor& supervisor, Settings settings);
    ~Service();
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    /// Everything that is required serves.
    void ready();

    /// The daemon ends, because it cannot serve.
    void failed(const std::string& why);

private:
    enum class State { starting, serving, stopping };

    void reload_began() override;
    void reload_ended(const ReloadRecord& record) override;
    void stop_began() override;

    /// Of the loop, and of nothing else: a loop that is stuck says nothing.
    void feed_watchdog();
    void ask_for_time();
    /// Where it has changed.
    void look_at_status();
    std::string status() const;
    /// "\nSTATUS=...", to be sent with what comes before.
    std::string with_status();

    Supervisor& supervisor_;
    const Settings settings_;
    State state_ = State::starting;
    bool reloading_ = false;  ///< and the manager knows
    std::string last_reload_;
    std::string told_;  ///< the last STATUS=
    net::Timer watchdog_;
    net::Timer status_;
    net::Timer extension_;
};

}  // namespace protohost::supervisor

// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/descriptor.hpp"
#include "daemon/base/error.hpp"

namespace protohost::base {

/// Where the service manager that has started this process listens to it. Empty: there is none, and
/// what is sent goes nowhere.
class ServiceSocket {
public:
    ServiceSocket() = default;

    /// As NOTIFY_SOCKET says, which is taken out of the environment: no child is to speak for this
    /// process. To be called before there are other threads.
    static Result<ServiceSocket> take_from_environment();

    explicit operator bool() const { return static_cast<bool>(socket_); }

    /// One datagram, "READY=1\nSTATUS=all is well". A manager that is behind is waited for, for a
    /// second at most; what it has no ear for is lost.
    void send(std::string_view state) const;

    /// The same of what will be said anew: a manager that is behind does not hear it.
    void send_or_drop(std::string_view state) const;

    /// send(), with a copy of `descriptor`.
    void send(std::string_view state, int descriptor) const;

    /// Returns when the manager has dealt with everything that was sent, or after `patience`.
    void wait_until_heard(std::chrono::milliseconds patience) const;

    /// Speaks to the same manager.
    ServiceSocket duplicate() const;

private:
    void send(std::string_view state, int flags, const int* descriptor) const;

    Descriptor socket_;
    std::string address_;  ///< a sockaddr_un, up to the end of its path
};

/// Within which time the service manager wants to hear WATCHDOG=1 each time, or takes the process
/// for stuck; nullopt: it does not want to, or not from this process. Takes WATCHDOG_USEC and
/// WATCHDOG_PID out of the environment.
std::optional<std::chrono::microseconds> take_watchdog_interval();

}  // namespace protohost::base

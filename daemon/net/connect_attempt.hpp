// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/descriptor.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/net/epoll_set.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/socket_address.hpp"
#include "daemon/net/socket_file.hpp"
#include "daemon/net/socket_options.hpp"
#include "daemon/net/timer.hpp"

#include <protohost/abi.h>

namespace protohost::net {

/// Why there is no connection.
struct ConnectError {
    /// PH_E_OS, PH_E_TIMEOUT, PH_E_RESOLVE, PH_E_INVAL; PH_E_FAIL: several different ones.
    ph_status status = PH_E_FAIL;
    int os_errno = 0;  ///< with PH_E_OS, else 0
    /// "connect to 127.0.0.1:9 failed: Connection refused".
    std::string text;

    bool operator==(const ConnectError&) const = default;
};

/// A connection that stands: non-blocking, and with its options.
struct ConnectedSocket {
    std::unique_ptr<SocketFile> file;  ///< of a UNIX path that it is bound to
    base::Descriptor descriptor;
    SocketAddress peer;
};

/// One address in the race of a Connector. An event of the running batch may still name it, so it
/// is retired and not destroyed.
///
///     start() --> connecting --> connected | failed
class ConnectAttempt final : public EventSink, private Task {
public:
    enum class State { connecting, connected, failed };

    class Owner {
    public:
        /// It has left `connecting`. Never from inside start().
        virtual void attempt_settled(ConnectAttempt& attempt) = 0;

    protected:
        ~Owner() = default;
    };

    ConnectAttempt(Loop& loop, Owner& owner, const SocketAddress& remote);
    ~ConnectAttempt() override;

    /// Where `local` is not empty, the socket is bound to the first of it that has the family of
    /// the remote address and can be had. A UNIX path is a file then, as that of a server is.
    State start(const model::SocketSettings& settings, const std::vector<SocketAddress>& local);

    /// Closes the socket; the owner is told nothing more.
    void close();

    State state() const { return state_; }
    const ConnectError& error() const { return error_; }  ///< once it has failed
    /// Once it is connected.
    ConnectedSocket take();

private:
    void on_events(std::uint32_t events) override;
    void run() override;
    /// How it went, an errno, where the kernel knows that by now.
    std::optional<int> settled_at_once() const;
    bool open(const model::SocketSettings& settings);
    bool bind(const model::SocketSettings& settings, const std::vector<SocketAddress>& local);
    ConnectError bind_to(const SocketAddress& address, const model::SocketSettings& settings);
    void connect();
    void ended(int os_errno);
    void fail(int os_errno, std::string text) { fail({PH_E_OS, os_errno, std::move(text)}); }
    void fail(ConnectError error);
    void refuse(const RefusedOption& refused, const model::SocketSettings& settings);
    SocketAddress peer() const;
    void leave_set();

    Loop& loop_;
    Owner& owner_;
    SocketAddress remote_;
    std::unique_ptr<SocketFile> file_;
    base::Descriptor socket_;
    State state_ = State::connecting;
    ConnectError error_;
    bool watched_ = false;
    int settled_errno_ = 0;
    Timer retry_;
    std::chrono::milliseconds retry_delay_{5};
};

}  // namespace protohost::net

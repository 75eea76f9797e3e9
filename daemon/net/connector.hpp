// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/model/address.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/net/connect_attempt.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/resolver.hpp"
#include "daemon/net/socket_address.hpp"
#include "daemon/net/timer.hpp"

namespace protohost::net {

class Connector;

/// Whose connection it is. Of the two, one is called, once, on the loop, never from inside the
/// constructor; the connector may be destroyed in it.
class ConnectorOwner {
public:
    virtual void connected(Connector& connector, ConnectedSocket socket) = 0;

    virtual void connect_failed(Connector& connector, const ConnectError& error) = 0;

protected:
    ~ConnectorOwner() = default;
};

/// What to connect to, and how.
struct ConnectSettings {
    model::Address address;  ///< tcp, unix_path, unix_abstract
    /// `local`, keepalive, nodelay, user_timeout and the buffers are what an outgoing socket has.
    model::SocketSettings socket;
    /// For all of it, the resolver included.
    std::chrono::nanoseconds timeout = model::Timeouts{}.connect;
};

/// Opens one outgoing stream connection. The addresses of a name race as in RFC 8305: by turns of
/// the two families, a next one when the last has failed or has had its head start; the first that
/// connects wins, and the others are closed.
///
///     resolving --> racing --> settled (the owner is told in the next step of the loop)
///
/// Destroying it, at any moment, cancels it: nobody is told, and no descriptor stays open.
class Connector final : private Task, private ConnectAttempt::Owner {
public:
    /// Begins at once. `resolver` and `owner` outlive it. [loop], as all of it.
    Connector(Loop& loop, Resolver& resolver, ConnectSettings settings, ConnectorOwner& owner);
    ~Connector();
    Connector(const Connector&) = delete;
    Connector& operator=(const Connector&) = delete;

    const model::Address& address() const { return settings_.address; }

private:
    using Addresses = std::vector<SocketAddress>;
    using Attempts = std::vector<std::unique_ptr<ConnectAttempt>>;
    using Next = void (Connector::*)(const Addresses&);

    void begin();
    /// `where` is put before what is wrong.
    void resolve(const model::Address& address, std::string where, Next next);
    void bind_to(const Addresses& local);
    void begin_unix();
    void resolve_remote();
    void invalid(std::string text) { fail({PH_E_INVAL, 0, std::move(text)}); }
    void cannot_bind();
    /// Said with the place of `socket.local`.
    void wrong_local(std::string cause);
    void race(const Addresses& addresses);
    void start_next();
    void attempt_settled(ConnectAttempt& attempt) override;
    void won(ConnectAttempt& winner);
    void expired();
    void fail(ConnectError error);
    void settle();
    void stop();
    void run() override;

    Loop& loop_;
    Resolver& resolver_;
    ConnectSettings settings_;
    ConnectorOwner& owner_;
    Timer deadline_;
    Resolver::Id question_ = 0;
    Addresses local_;
    Addresses candidates_;
    std::size_t next_ = 0;
    Attempts attempts_;  ///< those that are connecting
    Timer head_start_;
    std::vector<ConnectError> errors_;
    // What the owner will be told.
    ConnectedSocket socket_;
    ConnectError error_;
};

}  // namespace protohost::net

// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "daemon/base/descriptor.hpp"
#include "daemon/model/address.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/resolver.hpp"
#include "daemon/net/socket_address.hpp"
#include "daemon/net/timer.hpp"

#include <protohost/abi.h>

namespace protohost::net {

class Connector;

/// Why there is no connection.
struct ConnectError {
    ph_status status =
        PH_E_FAIL;     ///< PH_E_OS, PH_E_TIMEOUT, PH_E_RESOLVE, PH_E_INVAL; PH_E_FAIL: several
    int os_errno = 0;  ///< with PH_E_OS, else 0
    /// "connect to 127.0.0.1:9 failed: Connection refused".
    std::string text;
};

/// Whose connection it is. Of the two, one is called, once, on the loop, never from inside the
/// constructor; the connector may be destroyed in it.
class ConnectorOwner {
public:
    /// `socket` is connected, non-blocking, and has its options.
    virtual void connected(Connector& connector,
                           base::Descriptor socket,
                           const SocketAddress& peer) = 0;

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
class Connector final : private Task {
public:
    /// Begins at once. `resolver` and `owner` outlive it. [loop], as all of it.
    Connector(Loop& loop, Resolver& resolver, ConnectSettings settings, ConnectorOwner& owner);
    ~Connector();
    Connector(const Connector&) = delete;
    Connector& operator=(const Connector&) = delete;

    const model::Address& address() const { return settings_.address; }

private:
    class Attempt;

    void run() override;

    Loop& loop_;
    Resolver& resolver_;
    ConnectSettings settings_;
    ConnectorOwner& owner_;
};

}  // namespace protohost::net

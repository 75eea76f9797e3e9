// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "daemon/base/descriptor.hpp"
#include "daemon/base/seldom.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/proxy_greeting.hpp"
#include "daemon/net/socket_address.hpp"
#include "daemon/unit/unit_log.hpp"

namespace protohost::unit {

/// The connections of one listener that have not yet said whom they speak for. All [loop].
class Greetings final : private net::ProxyGreetingOwner {
public:
    /// `title` is "listener web".
    Greetings(net::Loop& loop, std::string title) : loop_(loop), log_(std::move(title)) {}
    ~Greetings() { stop_all(); }
    Greetings(const Greetings&) = delete;
    Greetings& operator=(const Greetings&) = delete;

    /// Whether what `peer` says of others is believed.
    static bool is_trusted(const model::ProxyProtocol& settings, const net::SocketAddress& peer);

    /// Both ends of the connection that the balancer speaks for.
    struct Client {
        net::SocketAddress peer;  ///< the balancer, where it speaks for itself
        std::unique_ptr<const net::SocketAddress> reached;  ///< nullptr: our socket
    };
    /// nullopt: no header has come that is one, the socket is to be closed, and the log says so, a
    /// line a second at most.
    using Done = std::function<void(base::Descriptor socket, std::optional<Client> client)>;

    /// `done` is called once, never from inside this call, unless it is stopped before.
    void begin(base::Descriptor socket,
               const net::SocketAddress& balancer,
               std::chrono::nanoseconds timeout,
               Done done);

    /// Closes the sockets; nobody is told.
    void stop_all();

    std::size_t size() const { return under_way_.size(); }

private:
    struct Entry {
        base::Descriptor socket;
        net::SocketAddress balancer;
        Done done;
        std::unique_ptr<net::ProxyGreeting> greeting;
    };

    void greeted(net::ProxyGreeting& greeting, const net::ProxyHeader& header) override;
    void greeting_failed(net::ProxyGreeting& greeting, const std::string& problem) override;
    Entry take(const net::ProxyGreeting& greeting);
    void log_client(const net::SocketAddress& balancer, const Client& client) const;
    void log_failure(const net::SocketAddress& balancer, const std::string& problem);

    net::Loop& loop_;
    const UnitLog log_;
    std::unordered_map<const net::ProxyGreeting*, Entry> under_way_;
    base::Seldom seldom_;
};

}  // namespace protohost::unit

// SPDX-License-Identifier: MIT
#include "daemon/unit/greetings.hpp"

#include <algorithm>
#include <netinet/in.h>

namespace protohost::unit {

namespace {

/// Whether the IP address in `peer` is in `network`.
bool holds(const model::Network& network, const net::SocketAddress& peer) {
    const sockaddr* const address = peer.data();
    if (peer.family() == AF_INET6) {
        const auto& host = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
        return model::contains(network, host.s6_addr, sizeof host);
    }
    const auto& host = reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
    return model::contains(network, reinterpret_cast<const unsigned char*>(&host), sizeof host);
}

}  // namespace

bool Greetings::is_trusted(const model::ProxyProtocol& settings, const net::SocketAddress& peer) {
    if (peer.family() != AF_INET && peer.family() != AF_INET6) return true;
    return std::any_of(settings.trusted.begin(),
                       settings.trusted.end(),
                       [&](const model::Network& network) { return holds(network, peer); });
}

void Greetings::begin(base::Descriptor socket,
                      const net::SocketAddress& balancer,
                      std::chrono::nanoseconds timeout,
                      Done done) {
    net::ProxyGreetingOwner& owner = *this;
    auto greeting = std::make_unique<net::ProxyGreeting>(loop_, socket.get(), owner);
    net::ProxyGreeting& begun = *greeting;
    under_way_.emplace(&begun,
                       Entry{std::move(socket), balancer, std::move(done), std::move(greeting)});
    begun.start(timeout);
}

void Greetings::stop_all() {
    while (!under_way_.empty()) take(*under_way_.begin()->first);
}

Greetings::Entry Greetings::take(const net::ProxyGreeting& greeting) {
    Entry taken = std::move(under_way_.extract(&greeting).mapped());
    // Out of the set before its socket is closed.
    taken.greeting->stop();
    loop_.retire(std::move(taken.greeting));
    return taken;
}

void Greetings::greeted(net::ProxyGreeting& greeting, const net::ProxyHeader& header) {
    Entry over = take(greeting);
    Client client{header.source.value_or(over.balancer), nullptr};
    if (header.destination) {
        client.reached = std::make_unique<const net::SocketAddress>(*header.destination);
    }
    if (log_.enabled(base::Level::debug)) log_client(over.balancer, client);
    over.done(std::move(over.socket), std::move(client));
}

void Greetings::log_client(const net::SocketAddress& balancer, const Client& client) const {
    const std::string label = balancer.label();
    if (client.reached == nullptr) {
        log_.debug({.connection = label}, "{} speaks for itself", label);
    } else {
        log_.debug({.connection = label},
                   "{} speaks for {}, which has connected to {}",
                   label,
                   client.peer.label(),
                   client.reached->label());
    }
}

void Greetings::greeting_failed(net::ProxyGreeting& greeting, const std::string& problem) {
    Entry over = take(greeting);
    log_failure(over.balancer, problem);
    over.done(std::move(over.socket), std::nullopt);
}

void Greetings::log_failure(const net::SocketAddress& balancer, const std::string& problem) {
    const auto others = seldom_.admit("connection");
    if (!others) return;
    const std::string label = balancer.label();
    log_.warn({.connection = label},
              "connection from {} closed: it has no PROXY header: {}{}",
              label,
              problem,
              *others);
}

}  // namespace protohost::unit

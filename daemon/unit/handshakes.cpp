// SPDX-License-Identifier: MIT
#include "daemon/unit/handshakes.hpp"

#include <algorithm>
#include <utility>

#include "daemon/base/format.hpp"

namespace protohost::unit {

Handshakes::Handshakes(net::Loop& loop, std::string title)
    : loop_(loop), log_(std::move(title), "tls") {}

Handshakes::~Handshakes() {
    stop_all();
}

Handshakes::Id Handshakes::begin(Unsecured connection, net::TlsStart start, Done done) {
    const bool serves = start.context->role() == net::TlsContext::Role::server;
    net::TlsHandshakeOwner& owner = *this;
    auto handshake = std::make_unique<net::TlsHandshake>(
        loop_, connection.socket.get(), std::move(start), owner);
    net::TlsHandshake& begun = *handshake;
    under_way_.emplace(
        &begun,
        Entry{++last_, std::move(connection), serves, std::move(done), std::move(handshake)});
    begun.start();
    return last_;
}

void Handshakes::stop(Id id) {
    const auto found = std::find_if(under_way_.begin(), under_way_.end(), [&](const auto& each) {
        return each.second.id == id;
    });
    if (found != under_way_.end()) take(*found->first);
}

void Handshakes::stop_all() {
    while (!under_way_.empty()) take(*under_way_.begin()->first);
}

Handshakes::Entry Handshakes::take(const net::TlsHandshake& handshake) {
    Entry taken = std::move(under_way_.extract(&handshake).mapped());
    // Out of the set before its socket is closed.
    taken.handshake->stop();
    loop_.retire(std::move(taken.handshake));
    return taken;
}

void Handshakes::handshaken(net::TlsHandshake& handshake,
                            std::unique_ptr<net::TlsSession> session) {
    Entry over = take(handshake);
    over.done({over.id, std::move(over.connection), std::move(session), {}});
}

void Handshakes::handshake_failed(net::TlsHandshake& handshake, const net::TlsFailure& failure) {
    Entry over = take(handshake);
    ++failures_[static_cast<std::size_t>(failure.reason)];
    if (over.serves) log_failure(over.connection.peer, failure);
    // So that the peer reads the alert, and not a reset.
    net::discard_received(over.connection.socket.get());
    over.done({over.id, std::move(over.connection), nullptr, failure});
}

void Handshakes::describe(UnitSnapshot& snapshot) const {
    for (std::size_t i = 0; i < failures_.size(); ++i) {
        if (failures_[i] == 0) continue;
        const auto reason = net::name_of(static_cast<net::TlsReason>(i));
        snapshot.failed_handshakes[std::string(reason)] += failures_[i];
    }
}

std::string failure_text(const Handshakes::Outcome& outcome) {
    return base::format(
        "TLS with {} failed: {}", outcome.connection.peer.label(), outcome.failure.text);
}

void Handshakes::log_failure(const net::SocketAddress& peer, const net::TlsFailure& failure) {
    const auto others = seldom_.admit("failure");
    if (!others) return;
    const std::string label = peer.label();
    log_.info({.connection = label}, "no TLS with {}: {}{}", label, failure.text, *others);
}

}  // namespace protohost::unit

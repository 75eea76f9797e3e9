// SPDX-License-Identifier: MIT
#include "daemon/unit/listener.hpp"

#include <cstring>
#include <utility>

#include "daemon/net/stream_transport.hpp"

namespace protohost::unit {

Listener::Listener(const Shared& shared,
                   const model::ListenerSpec& spec,
                   std::shared_ptr<Binding> binding)
    : Unit(shared, spec, "listener " + spec.name, std::move(binding)),
      listen_(spec.listen),
      sources_(spec.limits.per_source) {}

Listener::~Listener() {
    close();
}

base::Errors Listener::bind() {
    base::Errors errors;
    for (const auto& address : listen_) {
        const std::string where =
            model::to_string(address.place, "listeners." + spec_.name + ".listen");
        auto opened = net::Acceptor::bind(shared_.loop, address.value, spec_.socket, where);
        if (!opened) {
            base::append(errors, opened.error());
            continue;
        }
        for (auto& acceptor : *opened) acceptors_.push_back(std::move(acceptor));
    }
    if (!errors.empty()) close();
    return errors;
}

void Listener::open() {
    for (auto& acceptor : acceptors_) {
        log_.info("{}: listening on {} with protocol {}",
                  title(),
                  acceptor->local().uri(),
                  binding_->protocol_name());
        acceptor->start(*this);
    }
}

void Listener::close() {
    for (auto& acceptor : acceptors_) {
        acceptor->stop();
        shared_.loop.retire(std::move(acceptor));
    }
    acceptors_.clear();
}

void Listener::accepted(base::Descriptor socket, const net::SocketAddress& peer) {
    if (!sources_.admit(peer)) {
        log_.debug("{}: connection from {} closed: over limits.per_source ({})",
                   title(),
                   peer.label(),
                   spec_.limits.per_source);
        return;
    }
    ph_proto protocol{};
    if (!make_protocol("connection from " + peer.label(), protocol)) {
        sources_.left(peer);
        return;
    }
    ++accepted_;
    connections_.adopt(
        std::make_unique<net::StreamTransport>(shared_.loop,
                                               std::move(socket),
                                               peer,
                                               connections_.settings(),
                                               connections_.transport_owner(),
                                               binding_),
        net::Role::accepted,
        protocol);
    if (full()) {
        for (auto& acceptor : acceptors_) acceptor->pause();
    }
}

void Listener::connection_ended(const net::Transport& transport) {
    if (transport.role() == net::Role::accepted) {
        const bool was_full = full();
        --accepted_;
        sources_.left(transport.peer_address());
        if (was_full && !full()) {
            for (auto& acceptor : acceptors_) acceptor->resume();
        }
    }
    Unit::connection_ended(transport);
}

void Listener::accepting_suspended(int os_errno) {
    log_.error("{}: not accepting: {}; clients wait in the queue until resources are free",
               title(),
               std::strerror(os_errno));
}

void Listener::accepting_resumed(unsigned times) {
    log_.info("{}: accepting again without trouble, after {} pauses", title(), times);
}

}  // namespace protohost::unit

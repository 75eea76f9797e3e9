// SPDX-License-Identifier: MIT
#include "daemon/unit/server.hpp"

#include <cstring>
#include <utility>

#include "daemon/plugin/guard.hpp"

namespace protohost::unit {

Server::Server(LoopServices& services,
               OpenCallbacks callbacks,
               std::vector<std::unique_ptr<net::Acceptor>> acceptors,
               bool tls)
    : services_(services),
      callbacks_(std::move(callbacks)),
      acceptors_(std::move(acceptors)),
      log_("unit"),
      tls_(tls) {}

Server::~Server() {
    stop_acceptors();
}

void Server::start() {
    for (auto& acceptor : acceptors_) {
        log_.info("{}: its plugin listens on {}", services_.title(), acceptor->local().uri());
        acceptor->start(*this);
    }
}

void Server::close() {
    if (std::exchange(closed_, true)) return;
    stop_acceptors();
    services_.shared().loop.call_soon(*this);
}

void Server::stop_acceptors() {
    for (const Handshakes::Id id : std::exchange(handshakes_, {})) services_.handshakes().stop(id);
    for (auto& acceptor : acceptors_) {
        acceptor->stop();
        services_.shared().loop.retire(std::move(acceptor));
    }
    acceptors_.clear();
}

void Server::accepted(base::Descriptor socket, const net::SocketAddress& peer) {
    Unsecured connection{std::move(socket), peer};
    if (!tls_) return serve(std::move(connection), nullptr);
    // There was one when it was opened; what is there now is what the unit has now.
    auto context = services_.tls_context(net::TlsContext::Role::server);
    if (!context) {
        log_.error("{}: connection from {} closed: {}",
                   services_.title(),
                   peer.label(),
                   OpenError::of(context.error()).text);
        return;
    }
    handshakes_.insert(services_.handshakes().begin(
        std::move(connection), {std::move(*context)}, [this](Handshakes::Outcome outcome) {
            handshakes_.erase(outcome.id);
            if (outcome.session == nullptr) return;
            serve(std::move(outcome.connection), std::move(outcome.session));
        }));
}

void Server::serve(Unsecured connection, std::unique_ptr<net::TlsSession> session) {
    ph_proto protocol{};
    if (const ph_status status = callbacks_.make(PH_STREAM, protocol); status < 0) {
        log_.error("{}: connection from {} closed: its protocol factory failed: {}",
                   services_.title(),
                   connection.peer.label(),
                   plugin::failure_text(status));
        return;
    }
    auto& connections = services_.connections();
    connections.adopt(
        connections.make_stream(
            std::move(connection.socket), connection.peer, std::move(session), services_.binding()),
        net::Role::served,
        protocol);
}

void Server::accepting_suspended(int os_errno) {
    log_.error(
        "{}: a server of its plugin is not accepting: {}; clients wait in the queue until "
        "resources are free",
        services_.title(),
        std::strerror(os_errno));
}

void Server::accepting_resumed(unsigned times) {
    log_.info("{}: a server of its plugin accepts again without trouble, after {} pauses",
              services_.title(),
              times);
}

}  // namespace protohost::unit

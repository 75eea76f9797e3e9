// SPDX-License-Identifier: MIT
#include "daemon/unit/server.hpp"

#include <cstring>
#include <string>
#include <utility>

#include "daemon/base/log_events.hpp"
#include "daemon/plugin/guard.hpp"

namespace protohost::unit {

namespace events = base::events;

Server::Server(LoopServices& services,
               OpenCallbacks callbacks,
               std::vector<std::unique_ptr<net::Acceptor>> acceptors,
               bool tls)
    : services_(services),
      callbacks_(std::move(callbacks)),
      acceptors_(std::move(acceptors)),
      tls_(tls) {}

Server::~Server() {
    stop_acceptors();
}

void Server::start() {
    for (auto& acceptor : acceptors_) {
        log().info(services_.binding()->about(events::listening),
                   "its plugin listens on {}",
                   acceptor->local().uri());
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
        const std::string label = peer.label();
        log().error({.connection = label},
                    "connection from {} closed: {}",
                    label,
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
        const std::string label = connection.peer.label();
        auto about = services_.binding()->about(events::plugin_fault);
        about.connection = label;
        log().error(about,
                    "connection from {} closed: its protocol factory failed: {}",
                    label,
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
    log().error(services_.binding()->about(events::not_accepting),
                "a server of its plugin is not accepting: {}; clients wait in the queue until "
                "resources are "
                "free",
                std::strerror(os_errno));
}

void Server::accepting_resumed(unsigned times) {
    log().info(services_.binding()->about(),
               "a server of its plugin accepts again without trouble, after {} pauses",
               times);
}

}  // namespace protohost::unit

// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "daemon/net/acceptor.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/unit/handshakes.hpp"
#include "daemon/unit/loop_services.hpp"
#include "daemon/unit/open_request.hpp"

namespace protohost::unit {

/// What create_server made: listening sockets of a plugin. Serves until it is closed; its
/// connections outlive it.
class Server final : private net::AcceptorOwner, private net::Task {
public:
    Server(LoopServices& services,
           OpenCallbacks callbacks,
           std::vector<std::unique_ptr<net::Acceptor>> acceptors,
           bool tls);
    ~Server();

    void start();

    /// Calls one of the author's completions.
    template <class F>
    void tell(F&& call) const {
        callbacks_.complete(std::forward<F>(call));
    }

    /// Accepts nothing from now on. Destroyed by its services in a later step.
    void close();
    bool is_serving() const { return !acceptors_.empty(); }

    const std::vector<std::unique_ptr<net::Acceptor>>& acceptors() const { return acceptors_; }

private:
    void accepted(base::Descriptor socket, const net::SocketAddress& peer) override;
    void accepting_suspended(int os_errno) override;
    void accepting_resumed(unsigned times) override;
    void run() override { services_.ended(*this); }
    /// With a session it speaks TLS.
    void serve(Unsecured connection, std::unique_ptr<net::TlsSession> session);
    void stop_acceptors();
    const UnitLog& log() const { return services_.log(); }

    LoopServices& services_;
    OpenCallbacks callbacks_;
    std::vector<std::unique_ptr<net::Acceptor>> acceptors_;
    std::set<Handshakes::Id> handshakes_;  ///< under way
    const bool tls_;
    bool closed_ = false;
};

}  // namespace protohost::unit

// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "daemon/base/descriptor.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/socket_address.hpp"
#include "daemon/net/socket_file.hpp"
#include "daemon/net/tls_handshake.hpp"
#include "daemon/unit/tls_failures.hpp"

namespace protohost::unit {

/// A socket that is to speak TLS.
struct Unsecured {
    base::Descriptor socket;
    net::SocketAddress peer;
    std::unique_ptr<net::SocketFile> file = {};
    /// What `peer` has connected to, where a load balancer has said so; nullptr: `socket`.
    std::unique_ptr<const net::SocketAddress> reached = {};
};

/// TLS handshakes of one unit that are under way. All [loop].
class Handshakes final : private net::TlsHandshakeOwner {
public:
    /// `failures` outlives this.
    Handshakes(net::Loop& loop, TlsFailures& failures) : loop_(loop), failures_(failures) {}
    ~Handshakes();
    Handshakes(const Handshakes&) = delete;
    Handshakes& operator=(const Handshakes&) = delete;

    /// 0 is none.
    using Id = std::uint64_t;
    /// How one went: with a session, or `failure` says why not.
    struct Outcome {
        Id id;
        Unsecured connection;
        std::unique_ptr<net::TlsSession> session;
        net::TlsFailure failure;
    };
    using Done = std::function<void(Outcome outcome)>;

    /// `done` is called once, never from inside this call, unless the handshake is stopped before.
    /// A failure is counted. Where we serve it is logged here as well, a line a second at most:
    /// whoever wanted to connect says it himself.
    Id begin(Unsecured connection, net::TlsStart start, Done done);

    /// Closes the socket of one that is under way, of which nobody is told. 0, or too late:
    /// nothing.
    void stop(Id id);
    void stop_all();

    /// Of each that is under way.
    template <class F>
    void each_peer(F&& function) const {
        for (const auto& [handshake, entry] : under_way_) function(entry.connection.peer);
    }
    std::size_t size() const { return under_way_.size(); }

private:
    struct Entry {
        Id id;
        Unsecured connection;
        bool serves;
        Done done;
        std::unique_ptr<net::TlsHandshake> handshake;
    };

    void handshaken(net::TlsHandshake& handshake,
                    std::unique_ptr<net::TlsSession> session) override;
    void handshake_failed(net::TlsHandshake& handshake, const net::TlsFailure& failure) override;

    Entry take(const net::TlsHandshake& handshake);

    net::Loop& loop_;
    TlsFailures& failures_;
    std::unordered_map<const net::TlsHandshake*, Entry> under_way_;
    Id last_ = 0;
};

/// Of one that has failed: "TLS with 127.0.0.1:443 failed: certificate verify failed: ...".
std::string failure_text(const Handshakes::Outcome& outcome);

}  // namespace protohost::unit

// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "daemon/base/descriptor.hpp"
#include "daemon/base/seldom.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/socket_address.hpp"
#include "daemon/net/socket_file.hpp"
#include "daemon/net/tls_handshake.hpp"
#include "daemon/unit/snapshot.hpp"
#include "daemon/unit/unit_log.hpp"

namespace protohost::unit {

/// A socket that is to speak TLS.
struct Unsecured {
    base::Descriptor socket;
    net::SocketAddress peer;
    std::unique_ptr<net::SocketFile> file = {};
};

/// The TLS handshakes of one unit: those that are under way, and a count of those that failed. All
/// [loop].
class Handshakes final : private net::TlsHandshakeOwner {
public:
    /// `title` is "listener web".
    Handshakes(net::Loop& loop, std::string title);
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

    /// Adds what has failed.
    void describe(UnitSnapshot& snapshot) const;

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
    void log_failure(const net::SocketAddress& peer, const net::TlsFailure& failure);

    net::Loop& loop_;
    const UnitLog log_;
    std::unordered_map<const net::TlsHandshake*, Entry> under_way_;
    Id last_ = 0;
    net::TlsFailureCounts failures_{};
    base::Seldom seldom_;
};

/// Of one that has failed: "TLS with 127.0.0.1:443 failed: certificate verify failed: ...".
std::string failure_text(const Handshakes::Outcome& outcome);

}  // namespace protohost::unit

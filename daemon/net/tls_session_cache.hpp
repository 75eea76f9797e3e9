// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <deque>
#include <list>
#include <string>

#include "daemon/net/openssl.hpp"

namespace protohost::net {

/// Sessions that servers let a client resume, for its next connection to the same one. They are a
/// context's: so none is ever used with another certificate, or another idea of whom to trust.
/// [loop]
class TlsSessionCache {
public:
    /// Of them those are kept that were connected to last.
    static constexpr std::size_t most_servers = 32;
    /// Of one server. Each of TLS 1.3 is for one connection: whoever could see it twice would know
    /// that the two come from the same client (RFC 8446, C.4).
    static constexpr std::size_t most_of_a_server = 4;

    /// `server` is all that must be the same.
    void keep(const std::string& server, OwnedSession session);
    /// The newest that may still be resumed, or nullptr.
    OwnedSession find(const std::string& server);
    void forget(const std::string& server);

private:
    using Sessions = std::deque<OwnedSession>;
    struct Server {
        std::string name;
        Sessions sessions;  ///< the newest first
    };

    /// nullptr: there is nothing. Now it is the one that was asked for last.
    Server* look_up(const std::string& name);

    std::list<Server> servers_;  ///< the one that was asked for last first
};

/// What a connection of a client has to do with them.
class TlsResumption {
public:
    /// Offers the server a session, where there is one. `ssl` goes before `cache`.
    TlsResumption(TlsSessionCache& cache, SSL* ssl, std::string server);
    /// A handshake that came to nothing may have done so for the session.
    ~TlsResumption() {
        if (!established_) forget();
    }
    TlsResumption(const TlsResumption&) = delete;
    TlsResumption& operator=(const TlsResumption&) = delete;

    /// The handshake is done.
    void established(const SSL* ssl);
    /// Something is wrong: the next connection begins from nothing.
    void forget() { cache_.forget(server_); }

    /// Sessions of all connections of `context` are kept, where they have one of these.
    static void keep_sessions(SSL_CTX* context);

private:
    void keep(SSL_SESSION* session);
    static int on_new_session(SSL* ssl, SSL_SESSION* session);

    TlsSessionCache& cache_;
    const std::string server_;
    bool established_ = false;
};

}  // namespace protohost::net

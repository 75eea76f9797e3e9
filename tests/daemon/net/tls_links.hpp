// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/net/tls_context.hpp"
#include "daemon/net/tls_handshake.hpp"
#include "tests/daemon/net/rig.hpp"
#include "tests/daemon/net/tls_authority.hpp"
#include "tests/daemon/net/tls_rig.hpp"

namespace protohost::net::testing {

/// The other end of a TLS connection: OpenSSL alone, over a non-blocking socket. While it waits the
/// loop runs.
class TlsPeer {
public:
    enum class Role { client, server };
    TlsPeer(Rig& rig, base::Descriptor socket, SSL_CTX* context, Role role);

    SSL* ssl() { return ssl_.get(); }
    int fd() const { return socket_.get(); }

    /// SNI.
    void ask_for(std::string name);
    /// False: it has failed, with `failure`.
    bool handshake();
    /// One step of it. Whether it is over.
    bool handshake_step();
    /// All of it, as one record where it fits.
    void send(std::string_view text);
    /// What there is: at most one record. Empty: nothing, or an end.
    std::string receive_record();
    /// Until there are `size` bytes, or the stream has ended.
    std::string receive(std::size_t size);
    std::string receive_to_the_end() { return receive(SIZE_MAX); }
    /// Sends close_notify.
    void notify() { SSL_shutdown(ssl()); }
    void close() { socket_.close(); }
    void reset();

    /// How the stream has ended, as far as was read.
    enum class End { none, notified, cut_off, failed };
    End end = End::none;
    std::string failure;

private:
    Rig& rig_;
    base::Descriptor socket_;
    std::shared_ptr<SSL> ssl_;
};

/// TLS connections between a transport and a peer.
class TlsLinks final : private TlsHandshakeOwner {
public:
    /// Declare the recorders first.
    TlsLinks();
    ~TlsLinks();

    /// What contexts are made of, for the transport and for its peer; one each, with the first
    /// that asks. The server is "server.test" and 127.0.0.1.
    model::Tls server;
    model::Tls client;
    std::chrono::nanoseconds patience = std::chrono::seconds(10);
    std::string server_name_of_session;

    const TlsContext::Pointer& context(TlsContext::Role role);
    SSL_CTX* server_context() { return context(TlsContext::Role::server)->handle(); }
    SSL_CTX* client_context() { return context(TlsContext::Role::client)->handle(); }

    /// Of the authority that both trust.
    model::TlsPair issue(const std::string& name);
    /// Another, whom the client trusts from now on instead.
    void trust_a_stranger() {
        client.peer.ca.text = folder_.write("stranger.pem", Authority("stranger").certificate());
    }
    /// The server wants a certificate of the client.
    void ask_the_client();

    /// Begins the handshake of a transport that will serve `recorder`, in `role`.
    TlsPeer& begin(Recorder& recorder,
                   TlsContext::Role role = TlsContext::Role::server,
                   const TransportSettings& settings = {});
    /// The same, to its end.
    TlsPeer& connect(Recorder& recorder,
                     TlsContext::Role role = TlsContext::Role::server,
                     const TransportSettings& settings = {});
    /// A transport that speaks no TLS yet, and its peer.
    TlsPeer& connect_plain(Recorder& recorder, TlsContext::Role role = TlsContext::Role::server);

private:
    TlsFolder folder_;
    Authority authority_{"authority"};
    std::array<TlsContext::Pointer, 2> contexts_;

public:
    Rig rig;  // goes before the contexts
    /// Of the last that has failed.
    std::optional<TlsFailure> failure;

private:
    struct Begun {
        std::unique_ptr<TlsHandshake> handshake;
        base::Descriptor socket;
        SocketAddress peer;
        Recorder* recorder;
        TransportSettings settings;
    };

    TlsPeer& add_peer(base::Descriptor socket, TlsContext::Role ours);
    Begun take(TlsHandshake& handshake);
    void handshaken(TlsHandshake& handshake, std::unique_ptr<TlsSession> session) override;
    void handshake_failed(TlsHandshake& handshake, const TlsFailure& failure) override;

    std::vector<Begun> begun_;
    std::vector<std::unique_ptr<TlsPeer>> peers_;
};

}  // namespace protohost::net::testing

// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "daemon/model/configuration.hpp"
#include "daemon/net/connector.hpp"
#include "daemon/net/datagram_socket.hpp"
#include "daemon/net/timer.hpp"
#include "daemon/unit/backoff.hpp"
#include "daemon/unit/failures.hpp"
#include "daemon/unit/handshakes.hpp"
#include "daemon/unit/resolution.hpp"
#include "daemon/unit/unit.hpp"

namespace protohost::unit {

/// One running entry of `endpoints:`: one transport, opened again when it ends.
///
///     opening --> open --ended--> waiting (reconnect) --> opening
///         \--failed--> waiting, or given up where `reconnect: never`
///
/// A datagram socket with an address of its own (`bind`) is opened by bind() and stays. A FIFO that
/// is read is opened again at once when its last writer has left.
class Endpoint final : public Unit, private net::ConnectorOwner {
public:
    Endpoint(const Shared& shared,
             const model::EndpointSpec& spec,
             std::shared_ptr<Binding> binding);
    ~Endpoint() override;

    /// PH_STREAM or PH_DATAGRAM: what its definition needs of a factory.
    static std::uint32_t protocol_kind(const model::EndpointSpec& spec);

    base::Errors bind() override;

    /// The socket of a `bind`. On any thread; a name blocks on the resolver. `passed` has what
    /// systemd:NAME names.
    static base::Result<net::DatagramSocket> open_bound(const model::EndpointSpec& spec,
                                                        net::PassedSockets* passed = nullptr);

    /// The socket of a `bind`, and what it was set to.
    struct OpenSocket {
        net::DatagramSocket socket;
        model::SocketSettings settings;
    };
    using SocketTable = std::map<std::string, OpenSocket>;

    /// What the socket of a `bind` is known by among those of all endpoints: the same text is the
    /// same socket, so that it can go from one to the other.
    static std::string socket_key(const model::EndpointSpec& spec);

    void collect_sockets(std::set<std::string>& keys) const override;
    void collect_bound(std::vector<BoundSocket>& bound) const override;
    /// Whether the socket of a `bind` can go to the next daemon: one that is neither connected nor
    /// a member of groups, for those are set once.
    static bool is_keepable(const model::EndpointSpec& spec);

    /// Gives up the socket of its `bind`, without closing it, where it is one of `wanted`. The
    /// connection of its protocol is lost.
    void release(const std::set<std::string>& wanted, SocketTable& released);

    /// How its definition has changed.
    struct Difference {
        bool factory = false;
        bool moved = false;
    };

    /// Takes the settings of `spec`. What it opens otherwise is opened now, and what was open
    /// drains meanwhile; with nothing but another factory a datagram socket or a pipe stays open
    /// and goes to a protocol of the new one. `opened` is the socket of a `bind` that has moved, or
    /// whose socket was closed.
    void apply(const model::EndpointSpec& spec,
               Difference difference,
               std::optional<OpenSocket> opened);

    std::size_t drained_by(bool factory, bool moved) const override;

    bool ready() const override { return !definition_.required || opened_once_; }
    std::string given_up() const override { return definition_.required ? given_up_ : ""; }

private:
    void open() override;
    void close() override;
    void connection_ended(const net::Transport& transport) override;

    void connected(net::Connector& connector, net::ConnectedSocket socket) override;
    void connect_failed(net::Connector& connector, const net::ConnectError& error) override;

    void describe(UnitSnapshot& snapshot) const override;
    void attempt();
    void withdraw();
    void hold(net::DatagramSocket socket);
    /// Whether its address is `fd:N`.
    bool is_handed_over() const;
    /// Whether another factory gets a connection of its own.
    bool reconnects() const;
    /// Whether it is open soon, or tries again.
    bool under_way() const;
    /// What is open is drained, beside what is opened now.
    void open_anew();
    void hand_over();
    /// The socket of a `bind`, from the settings `former`.
    void retune_socket(const net::DatagramSocket& socket, const model::SocketSettings& former);
    void connect_datagram();
    /// The connection of `connect: fd:N`.
    void take_over(int descriptor);
    void serve_connection(net::ConnectedSocket socket);
    void open_datagram(const net::DatagramAddresses& ends);
    void open_pipe();
    void serve_datagrams(net::DatagramSocket socket, net::Role role);
    /// Asks for a protocol, and adopts the transport that `make` makes, and the file of its socket.
    template <class Make>
    void serve(net::Role role, Make&& make, std::unique_ptr<net::SocketFile> file = {});
    void attempt_failed(const std::string& text);
    void wait_and_attempt(const std::string& why);
    /// Whether what has just ended was no failure.
    bool worked(const net::Transport& transport) const;
    /// With a session it speaks TLS.
    void serve_stream(Unsecured connection, std::unique_ptr<net::TlsSession> session);
    /// "tcp://127.0.0.1:9000", "/run/some.fifo"; once it is bound, the address that it has: port 0
    /// has become the one that was free.
    std::string target() const;

    model::EndpointSpec definition_;
    Backoff backoff_;
    net::Timer pause_;
    std::chrono::steady_clock::time_point next_attempt_;
    std::unique_ptr<net::Connector> connector_;
    Handshakes handshakes_;  ///< one at most
    std::optional<Resolution> resolution_;
    std::optional<net::DatagramSocket> bound_;
    std::string bound_at_;
    base::Descriptor held_;  ///< of a FIFO that is read, also while it waits to be opened again
    net::Transport* current_ = nullptr;
    std::chrono::steady_clock::time_point opened_at_;
    Failures failures_;
    std::string given_up_;
    bool opened_once_ = false;
    bool closed_ = false;
};

}  // namespace protohost::unit

// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/net/connector.hpp"
#include "daemon/net/datagram_socket.hpp"
#include "daemon/net/transport.hpp"
#include "daemon/unit/handshakes.hpp"
#include "daemon/unit/operation.hpp"
#include "daemon/unit/resolution.hpp"

namespace protohost::unit {

/// A transport that a plugin wants.
class Opening : public Operation {
public:
    Opening(LoopServices& services, ph_op op, OpenRequest request, ph_opened done)
        : Operation(services, op), request_(std::move(request)), done_(done) {}

protected:
    void fail(const OpenError& error) override;
    void abandoned() override;
    void step() final;
    /// What complete_soon() announced, as long as nothing is opened.
    virtual void proceed() {}

    /// Asks the author for a protocol of `kind`. False: he has failed, and this has completed.
    bool make_protocol(std::uint32_t kind, ph_proto& protocol);

    /// Starts what was opened. Whoever asked is told in a step of its own, as asyncio's waiter is:
    /// after what connection_made has scheduled, connection_lost included, and before anything is
    /// received.
    void opened(std::unique_ptr<net::Transport> transport,
                net::Role role,
                ph_proto protocol,
                std::unique_ptr<net::SocketFile> file = {});

    /// Both, with a transport that `make` makes.
    template <class Make>
    void complete_opened(std::uint32_t kind,
                         net::Role role,
                         Make&& make,
                         std::unique_ptr<net::SocketFile> file = {}) {
        ph_proto protocol{};
        if (make_protocol(kind, protocol)) opened(make(), role, protocol, std::move(file));
    }

    OpenRequest request_;

private:
    void tell_opened();

    ph_opened done_;
    /// May be stale by the time whoever asked is told: connection_made may close it.
    ph_transport* opened_ = nullptr;
};

/// create_connection, create_unix_connection, connect_accepted_socket.
class StreamOpening final : public Opening, private net::ConnectorOwner {
public:
    enum class Source { tcp, unix, accepted };

    StreamOpening(
        LoopServices& services, ph_op op, OpenRequest request, ph_opened done, Source source)
        : Opening(services, op, std::move(request), done), source_(source) {}
    ~StreamOpening() override { stop_handshake(); }

private:
    void begin() override;
    void proceed() override;
    bool withdraw() override;
    void connected(net::Connector& connector, net::ConnectedSocket socket) override;
    void connect_failed(net::Connector& connector, const net::ConnectError& error) override;

    void check();
    void serve(net::ConnectedSocket socket);
    void shake_hands(Unsecured connection);
    void shake_hands(Unsecured connection, net::TlsContext::Pointer context);
    void await_context(Unsecured connection);
    void stop_handshake();
    /// With a session it speaks TLS.
    void serve(Unsecured connection, std::unique_ptr<net::TlsSession> session);

    Source source_;
    std::unique_ptr<net::Connector> connector_;
    std::unique_ptr<Unsecured> waiting_;  ///< for its context
    ClientContext::Id context_ = 0;
    Handshakes::Id handshake_ = 0;
};

/// create_datagram_endpoint.
class DatagramOpening final : public Opening {
public:
    using Opening::Opening;

private:
    void begin() override;
    void proceed() override;
    bool withdraw() override;

    void check();
    void found(const OpenError* why, const std::vector<Resolution::Addresses>& addresses);
    void open(base::Result<net::DatagramSocket> socket);

    std::optional<Resolution> resolution_;
};

/// connect_read_pipe, connect_write_pipe.
class PipeOpening final : public Opening {
public:
    enum class Direction { read, write };

    PipeOpening(
        LoopServices& services, ph_op op, OpenRequest request, ph_opened done, Direction direction)
        : Opening(services, op, std::move(request), done), direction_(direction) {}

private:
    void begin() override { complete_soon(); }
    void proceed() override;

    Direction direction_;
};

}  // namespace protohost::unit

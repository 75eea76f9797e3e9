// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "daemon/net/connector.hpp"
#include "tests/daemon/net/rig.hpp"

namespace protohost::net {

/// For messages of GoogleTest.
void PrintTo(const ConnectError& error, std::ostream* out);

}  // namespace protohost::net

namespace protohost::net::testing {

/// A socket of a test, bound to a free port of `host`. While it does not listen, connecting to it
/// is refused, and nobody else can take its port.
class Endpoint {
public:
    explicit Endpoint(const std::string& host = "127.0.0.1");

    const SocketAddress& address() const { return address_; }
    model::Address tcp() const;

    void listen(int backlog = 64);
    /// Listens, and fills its queue: it answers nobody who connects now.
    void become_black_hole();
    /// Takes what fills the queue out of it.
    void make_room();
    /// Waits for a connection; none within ten seconds fails the test.
    base::Descriptor accept();
    /// What is in the queue now.
    std::vector<base::Descriptor> accept_all();

private:
    std::string host_;
    base::Descriptor socket_;
    SocketAddress address_;
    std::vector<base::Descriptor> fillers_;
};

/// Opens connections, one after the other, and writes down how the last ended.
class Client final : public ConnectorOwner {
public:
    explicit Client(Rig& rig, Resolver::Lookup lookup = net::resolve)
        : resolver(rig.loop, std::move(lookup)), rig_(rig) {}

    void connect(const model::Address& address, std::chrono::nanoseconds timeout = {});
    /// connect(), and run until it has ended.
    void try_connect(const model::Address& address, std::chrono::nanoseconds timeout = {});
    bool ended() const { return connections + errors.size() != 0; }

    /// Of connect().
    model::SocketSettings settings;
    Resolver resolver;
    std::unique_ptr<Connector> connector;

    unsigned connections = 0;
    std::unique_ptr<SocketFile> file;
    base::Descriptor socket;
    SocketAddress peer;
    std::vector<ConnectError> errors;

private:
    void connected(Connector& from, ConnectedSocket connected) override;
    void connect_failed(Connector& from, const ConnectError& error) override;

    Rig& rig_;
};

/// A resolver that knows one answer.
Resolver::Lookup always(std::vector<SocketAddress> addresses);

model::Address unix_address(model::Address::Kind kind, const std::string& path);

/// An address that only a lookup can answer.
model::Address name(const std::string& host = "name.test");

std::size_t open_descriptors();

}  // namespace protohost::net::testing

// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <utility>

#include <gtest/gtest.h>

#include "tests/daemon/net/tls_authority.hpp"
#include "tests/daemon/net/tls_rig.hpp"
#include "tests/daemon/unit/scenes.hpp"

namespace protohost::unit::testing {

/// What a completion was told.
struct Answer {
    unsigned times = 0;
    ph_status status = PH_OK;
    std::string text;
    Transport transport;

    auto done() {
        return [this](const Error* exc, Transport opened) {
            ++times;
            status = exc != nullptr ? exc->status : ph_status{PH_OK};
            text = exc != nullptr ? std::string(exc->message) : "";
            transport = opened;
        };
    }
};

/// A listener with certificates, and an endpoint that trusts them.
class UnitTls : public ::testing::Test {
protected:
    using Failures = std::map<std::string, std::uint64_t>;

    UnitTls() {
        net::testing::Wish wish;
        wish.names = {"server.test"};
        server_tls.certificates = {folder_.write("server", authority_.issue(wish))};
        client_tls.peer.verify = model::TlsPeer::Verify::required;
        client_tls.peer.ca.text = folder_.write("authority.pem", authority_.certificate());
        client_tls.server_name = "server.test";
    }

    net::TlsContext::Pointer context(net::TlsContext::Role role) {
        const bool serves = role == net::TlsContext::Role::server;
        return net::testing::make_context(serves ? server_tls : client_tls, role);
    }
    Puppet& serve(model::ListenerSpec spec = listen({"tcp://127.0.0.1:0"})) {
        server = &rig.listener(std::move(spec));
        server->unit().secure(context(net::TlsContext::Role::server));
        server->start();
        address_ = server->unit().snapshot().addresses.at(0);
        return *server;
    }
    Puppet& connect_to_it() {
        client = &rig.endpoint(connect(address_));
        client->unit().secure(context(net::TlsContext::Role::client));
        client->start();
        return *client;
    }
    /// A client of its own, which says nothing.
    net::testing::Peer client_of_tcp() {
        const auto to = *net::numeric(address(address_));
        base::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(::connect(socket.get(), to.data(), to.size()), 0);
        return net::testing::Peer(socket.release());
    }
    Failures failures(Puppet& puppet) { return puppet.unit().snapshot().failed_handshakes; }

    net::testing::TlsFolder folder_;
    net::testing::Authority authority_{"authority"};
    model::Tls server_tls;
    model::Tls client_tls;
    std::string address_;
    // What goes on until the units are gone is told to these.
    Story accepted;
    Story connected;
    Answer connection;
    Answer server_side;
    Answer client_side;
    Rig rig;
    Puppet* server = nullptr;
    Puppet* client = nullptr;
};

}  // namespace protohost::unit::testing

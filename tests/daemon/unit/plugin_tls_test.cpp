// SPDX-License-Identifier: MIT
// TLS that a plugin asks for.
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "tests/daemon/unit/unit_tls.hpp"

#include <protohost/services.hpp>
#include <protohost/tls.hpp>

namespace protohost::unit::testing {
namespace {

class PluginTls : public UnitTls {
protected:
    PluginTls() {
        serve();
        connect_to_it();
        rig.run_until([this] {
            return server->story.count("made") == 1 && client->story.count("made") == 1;
        });
    }
    static auto factory(Story& story) {
        return [&story] { return std::make_unique<ToldStream>(story); };
    }
    /// The listener's plugin opens a server, and the endpoint's connects to it.
    void open(const ServerOptions& serving, const ConnectionOptions& connecting) {
        protohost::Server opened;
        server->loop().create_server(
            factory(accepted), "127.0.0.1", 0, serving, [&](auto*, protohost::Server made) {
                opened = made;
            });
        rig.run_until([&] { return opened.is_serving(); });
        const std::string at = opened.sockets().at(0).text();
        const auto port = static_cast<std::uint16_t>(std::stoi(at.substr(at.rfind(':') + 1)));
        client->loop().create_connection(
            factory(connected), "127.0.0.1", port, connecting, connection.done());
    }
    void open_plain() {
        open({}, {});
        rig.run_until([&] { return accepted.count("made") == 1 && connection.times == 1; });
        ASSERT_EQ(connection.status, PH_OK);
    }
    Transport& ours() { return accepted.streams.at(0); }
    Transport& theirs() { return connected.streams.at(0); }
    void exchange() {
        ours().write("from the server");
        theirs().write("from the client");
        rig.run_until([&] {
            return accepted.received == "from the client" &&
                   connected.received == "from the server";
        });
    }
};

TEST_F(PluginTls, ServersAndConnectionsSpeakItFromTheBeginning) {
    open({.ssl = true}, {.ssl = true, .server_hostname = "server.test"});
    rig.run_until([&] { return accepted.count("made") == 1 && connection.times == 1; });
    EXPECT_EQ(connection.status, PH_OK) << connection.text;
    EXPECT_EQ(connected.events, std::vector<std::string>{"made"});
    const auto object = SslObject::of(ours());
    ASSERT_TRUE(object);
    EXPECT_EQ(object->session().version, "TLSv1.3");
    EXPECT_EQ(object->session().server_name, "server.test");
    EXPECT_EQ(object->session().context_generation, 1u);
    EXPECT_TRUE(object->getpeercert().empty());
    EXPECT_FALSE(SslObject::of(theirs())->getpeercert().empty());
    EXPECT_EQ(object->export_keying_material("EXPORTER-test", 32),
              SslObject::of(theirs())->export_keying_material("EXPORTER-test", 32));
    EXPECT_EQ(object->export_keying_material("EXPORTER-test", 32).size(), 32u);
    exchange();
}

TEST_F(PluginTls, AConnectionWhoseHandshakeFailsIsNone) {
    open({.ssl = true}, {.ssl = true, .server_hostname = "another.test"});
    rig.run_until([&] { return connection.times == 1; });
    EXPECT_EQ(connection.status, PH_E_TLS);
    EXPECT_TRUE(connection.text.ends_with("hostname mismatch")) << connection.text;
    EXPECT_TRUE(connected.events.empty());
    rig.run_until([&] { return failures(*server) == Failures{{"refused", 1}}; });
    EXPECT_TRUE(accepted.events.empty());
    EXPECT_EQ(failures(*client), (Failures{{"certificate", 1}}));
}

TEST_F(PluginTls, StartTlsInBothRoles) {
    open_plain();
    EXPECT_FALSE(SslObject::of(ours()));
    server->loop().start_tls(ours(), {.server_side = true}, server_side.done());
    client->loop().start_tls(theirs(), {.server_hostname = "server.test"}, client_side.done());
    EXPECT_EQ(server_side.times + client_side.times, 0u);
    theirs().write("from ");
    rig.run_until([&] { return server_side.times == 1 && client_side.times == 1; });
    EXPECT_EQ(server_side.status, PH_OK) << server_side.text;
    EXPECT_EQ(client_side.status, PH_OK) << client_side.text;
    EXPECT_EQ(server_side.transport.handle(), ours().handle()) << "the transport stays the same";
    EXPECT_TRUE(SslObject::of(ours()));
    theirs().write("the client");
    ours().write("from the server");
    rig.run_until([&] {
        return accepted.received == "from the client" && connected.received == "from the server";
    });
    EXPECT_EQ(accepted.count("made"), 1u);
}

TEST_F(PluginTls, FailuresOfStartTlsAreCountedInBothRoles) {
    open_plain();
    server->loop().start_tls(ours(), {.server_side = true}, server_side.done());
    client->loop().start_tls(theirs(), {.server_hostname = "another.test"}, client_side.done());
    rig.run_until([&] { return accepted.count("lost") == 1 && connected.count("lost") == 1; });
    EXPECT_EQ(server_side.status, PH_E_TLS);
    EXPECT_EQ(failures(*server), (Failures{{"refused", 1}}));
    EXPECT_EQ(failures(*client), (Failures{{"certificate", 1}}));
}

/// Where the units themselves begin in the clear.
class PluginTlsOnRequest : public UnitTls {
protected:
    PluginTlsOnRequest() {
        server_tls.start = client_tls.start = model::TlsStart::request;
        serve();
        connect_to_it();
        rig.run_until([this] {
            return server->story.count("made") == 1 && client->story.count("made") == 1;
        });
    }
};

TEST_F(PluginTlsOnRequest, AnEndpointSpeaksInTheClearUntilItsPluginAsks) {
    Transport& theirs = client->story.streams.at(0);
    EXPECT_FALSE(SslObject::of(theirs));
    theirs.write("clear");
    rig.run_until([&] { return server->story.received == "clear"; });
    server->loop().start_tls(
        server->story.streams.at(0), {.server_side = true}, server_side.done());
    client->loop().start_tls(theirs, {}, client_side.done());
    rig.run_until([&] { return server_side.times == 1 && client_side.times == 1; });
    EXPECT_EQ(client_side.status, PH_OK) << client_side.text;
    ASSERT_TRUE(SslObject::of(theirs));
    EXPECT_EQ(SslObject::of(server->story.streams.at(0))->session().server_name, "server.test")
        << "as its settings say";
}

TEST_F(PluginTls, WhatThePluginItselfEndsIsNoFailure) {
    open_plain();
    server->loop().start_tls(ours(), {.server_side = true}, server_side.done());
    ours().close();
    rig.run_until([&] { return server_side.times == 1; });
    EXPECT_EQ(server_side.status, PH_E_CLOSED);
    EXPECT_TRUE(failures(*server).empty());
}

TEST_F(PluginTls, FailuresStayCountedWhenTheFactoryIsReplaced) {
    open({.ssl = true}, {.ssl = true, .server_hostname = "another.test"});
    rig.run_until([&] { return connection.times == 1; });
    client->use(rig.endpoint(connect(address_)));
    rig.run_ready();
    EXPECT_EQ(failures(*client), (Failures{{"certificate", 1}}));
}

TEST_F(PluginTls, BytesThatWereReceivedAlreadyAreHandedOver) {
    open_plain();
    client->loop().start_tls(theirs(), {.server_hostname = "server.test"}, client_side.done());
    rig.run_until([&] { return !accepted.received.empty(); });
    const std::string hello = std::exchange(accepted.received, {});
    server->loop().start_tls(ours(),
                             {.server_side = true, .received = std::as_bytes(std::span(hello))},
                             server_side.done());
    rig.run_until([&] { return server_side.times == 1 && client_side.times == 1; });
    EXPECT_EQ(server_side.status, PH_OK) << server_side.text;
    exchange();
}

TEST_F(PluginTls, WithoutCertificatesNobodyIsAServer) {
    open_plain();
    client->loop().start_tls(theirs(), {.server_side = true}, client_side.done());
    EXPECT_EQ(client_side.times, 0u);
    rig.run_until([&] { return client_side.times == 1; });
    EXPECT_EQ(client_side.status, PH_E_UNSUPPORTED);
    EXPECT_EQ(connected.count("lost"), 0u) << "it goes on as it is";
    exchange();
}

TEST_F(PluginTls, AClientWithoutSettingsTrustsWhomTheSystemTrusts) {
    open_plain();
    client->loop().start_tls(theirs(), {.server_side = true}, client_side.done());
    rig.run_until([&] { return client_side.times == 1; });
    // The unit of a listener has no settings for clients.
    server->loop().start_tls(
        ours(), {.server_hostname = "server.test"}, [this](const Error* exc, Transport) {
            ++server_side.times;
            server_side.status = exc != nullptr ? exc->status : ph_status{PH_OK};
            EXPECT_EQ(accepted.count("lost"), 0u) << "told before";
        });
    theirs().close();
    rig.run_until([&] { return accepted.count("lost") == 1; });
    EXPECT_EQ(server_side.times, 1u);
    EXPECT_NE(server_side.status, PH_OK);
}

TEST_F(PluginTls, CancelledItEndsTheConnection) {
    open_plain();
    Handle handle = server->loop().start_tls(ours(), {.server_side = true}, server_side.done());
    handle.cancel();
    EXPECT_EQ(server_side.times, 0u);
    rig.run_until([&] { return accepted.count("gone") == 1; });
    EXPECT_EQ(server_side.times, 1u);
    EXPECT_EQ(server_side.status, PH_E_CANCELLED);
}

TEST_F(PluginTls, WhatCannotBeginIsToldAlone) {
    open_plain();
    server->loop().start_tls(ours(), {.server_side = true}, server_side.done());
    Answer second;
    server->loop().start_tls(ours(), {.server_side = true}, second.done());
    rig.run_until([&] { return second.times == 1; });
    EXPECT_EQ(second.status, PH_E_BUSY);
    EXPECT_EQ(second.text, "another start_tls or a sendfile is under way");
    EXPECT_EQ(server_side.times, 0u) << "the first goes on";
    client->loop().start_tls(theirs(), {.server_hostname = "server.test"}, client_side.done());
    rig.run_until([&] { return server_side.times == 1; });
    EXPECT_EQ(server_side.status, PH_OK);
}

TEST_F(PluginTls, ARoleMustBeGiven) {
    open_plain();
    ph_tls_start start{};
    start.size = sizeof start;
    Answer* const told = &server_side;
    const auto done = [](void* to, const ph_error* why, ph_transport*) {
        ++static_cast<Answer*>(to)->times;
        static_cast<Answer*>(to)->status = why != nullptr ? why->code : ph_status{PH_OK};
    };
    EXPECT_NE(server->api().start_tls(server->context(), ours().handle(), &start, done, told), 0u);
    rig.run_until([&] { return server_side.times == 1; });
    EXPECT_EQ(server_side.status, PH_E_INVAL);
}

}  // namespace
}  // namespace protohost::unit::testing

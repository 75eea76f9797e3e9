// SPDX-License-Identifier: MIT
// Listeners and endpoints with a context speak TLS.
#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "tests/daemon/unit/unit_tls.hpp"

namespace protohost::unit::testing {
namespace {

using net::TlsContext;
using net::testing::Peer;

TEST_F(UnitTls, AListenerAndAnEndpointSpeakIt) {
    serve();
    connect_to_it();
    rig.run_until(
        [&] { return client->story.count("made") == 1 && server->story.count("made") == 1; });
    client->story.streams.at(0).write("hello");
    rig.run_until([&] { return server->story.received == "hello"; });
    const std::string version = server->story.streams.at(0).get_extra_info("version", "none");
    EXPECT_EQ(version, "TLSv1.3");
    server->story.streams.at(0).close();
    rig.run_until([&] { return client->story.count("lost") == 1; });
    EXPECT_EQ(client->story.count("eof"), 1u);
    EXPECT_TRUE(failures(*server).empty());
}

TEST_F(UnitTls, AProtocolHearsNothingOfAHandshakeThatFails) {
    serve();
    for (int i = 0; i < 20; ++i) client_of_tcp().send("GET / HTTP/1.0\r\n\r\n");
    rig.run_until([&] { return failures(*server) == Failures{{"not_tls", 20}}; });
    EXPECT_TRUE(server->story.events.empty());
    EXPECT_EQ(server->unit().connections(), 0u);
}

TEST_F(UnitTls, AHandshakeHasItsTime) {
    server_tls.handshake_timeout = std::chrono::milliseconds(30);
    serve();
    Peer silent = client_of_tcp();
    rig.run_until([&] { return failures(*server) == Failures{{"timeout", 1}}; });
    EXPECT_EQ(silent.receive(), "") << "its socket is closed";
}

TEST_F(UnitTls, HandshakesCountInLimits) {
    auto spec = listen({"tcp://127.0.0.1:0"});
    spec.limits.connections = 1;
    serve(std::move(spec));
    Peer silent = client_of_tcp();
    rig.run_ready();
    connect_to_it();
    rig.run_ready();
    EXPECT_EQ(server->story.count("made"), 0u);
    silent.close();
    rig.run_until([&] { return server->story.count("made") == 1; });
    EXPECT_EQ(failures(*server), (Failures{{"ended", 1}}));
}

TEST_F(UnitTls, HandshakesCountForTheirSource) {
    auto spec = listen({"tcp://127.0.0.1:0"});
    spec.limits.per_source = 1;
    serve(std::move(spec));
    Peer silent = client_of_tcp();
    rig.run_ready();
    Peer second = client_of_tcp();
    rig.run_until([&] { return server->unit().snapshot().refused == 1; });
    silent.close();
    rig.run_until([&] { return failures(*server).size() == 1; });
    connect_to_it();
    rig.run_until([&] { return server->story.count("made") == 1; });
}

TEST_F(UnitTls, AnEndpointThatIsNotContentTriesAgain) {
    serve();
    client_tls.server_name = "another.test";
    connect_to_it();
    rig.run_until([&] { return failures(*client)["certificate"] >= 3; });
    EXPECT_EQ(client->story.count("made"), 0u);
    EXPECT_EQ(server->story.count("made"), 0u);
    const std::string last = client->unit().snapshot().last_error;
    EXPECT_EQ(
        last,
        "TLS with " + address_.substr(6) + " failed: certificate verify failed: hostname mismatch");
}

TEST_F(UnitTls, StoppedWhatShakesHandsIsClosed) {
    serve();
    Peer silent = client_of_tcp();
    rig.run_ready();
    rig.end(*server);
    EXPECT_EQ(silent.receive(), "");
}

TEST_F(UnitTls, AnEndpointStopsInAHandshake) {
    net::testing::Endpoint silent;
    // Accepts, and says nothing.
    silent.listen();
    address_ = "tcp://" + silent.address().text();
    connect_to_it();
    rig.run_ready();
    rig.end(*client);
    EXPECT_EQ(client->story.count("made"), 0u);
}

TEST_F(UnitTls, NewConnectionsHaveTheNewContextAndOldOnesTheirs) {
    serve();
    connect_to_it();
    rig.run_until([&] { return server->story.count("made") == 1; });
    const auto former = server->unit().tls();
    server->unit().secure(net::testing::make_context(server_tls, TlsContext::Role::server, former));
    Puppet& second = rig.endpoint(connect(address_));
    second.unit().secure(context(TlsContext::Role::client));
    second.start();
    rig.run_until([&] { return server->story.count("made") == 2; });
    const auto generation = [&](std::size_t index) {
        ph_info info{};
        info.size = sizeof info;
        server->host().transport->get_extra_info(
            server->context(), server->story.streams.at(index).handle(), {"sslcontext", 10}, &info);
        return info.number;
    };
    EXPECT_EQ(generation(0), 1);
    EXPECT_EQ(generation(1), 2);
}

}  // namespace
}  // namespace protohost::unit::testing

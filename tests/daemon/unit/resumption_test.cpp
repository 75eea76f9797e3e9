// SPDX-License-Identifier: MIT
// Clients resume their sessions.
#include <string>

#include <gtest/gtest.h>

#include "tests/daemon/unit/unit_tls.hpp"

#include <protohost/services.hpp>

namespace protohost::unit::testing {
namespace {

using net::TlsContext;

class Resumption : public UnitTls, public ::testing::WithParamInterface<int> {
protected:
    Resumption() {
        net::testing::Wish wish;
        wish.names = {"server.test", "also.test"};
        server_tls.certificates = {folder_.write("server", authority_.issue(wish))};
    }
    void begin() {
        serve();
        limit_version(*server);
        connect_to_it();
        run_until_made(1);
        read_tickets(server->story.streams.back(), client->story);
    }
    static void limit_version(Puppet& puppet) {
        SSL_CTX_set_max_proto_version(puppet.unit().tls()->handle(), GetParam());
    }
    void run_until_made(std::size_t count) {
        rig.run_until([&] {
            return client->story.count("made") == count && server->story.count("made") == count;
        });
    }
    static std::string reused(const Story& story) {
        return story.streams.back().get_extra_info("session_reused", "unknown");
    }
    /// Whether the next connection of the endpoint resumes what the last one was.
    std::string reconnect() {
        server->story.streams.back().close();
        run_until_made(client->story.count("made") + 1);
        EXPECT_EQ(reused(server->story), reused(client->story));
        return reused(client->story);
    }
    /// The same of connections that the endpoint's plugin opens, to `name` where `to` listens.
    std::string connect_as(const std::string& name, Puppet& to) {
        const std::size_t before = connected.count("made");
        const std::size_t served = to.story.count("made");
        client->loop().create_connection([this] { return std::make_unique<ToldStream>(connected); },
                                         "127.0.0.1",
                                         port_of(to.unit().snapshot().addresses.at(0)),
                                         {.ssl = true, .server_hostname = name},
                                         connection.done());
        rig.run_until([&] {
            return connected.count("made") == before + 1 && to.story.count("made") == served + 1;
        });
        read_tickets(to.story.streams.back(), connected);
        std::string said = reused(connected);
        connected.streams.back().close();
        rig.run_until([&] { return connected.count("lost") == before + 1; });
        return said;
    }
    /// Those of TLS 1.3 come behind the handshake, and before the first message.
    void read_tickets(Transport& theirs, const Story& ours) {
        const std::size_t before = ours.received.size();
        theirs.write("x");
        rig.run_until([&] { return ours.received.size() == before + 1; });
    }
    static std::uint16_t port_of(const std::string& address) {
        return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
    }
};

TEST_P(Resumption, AnEndpointOffersItsLastSession) {
    begin();
    EXPECT_EQ(reused(client->story), "false");
    for (int i = 0; i < 8; ++i) EXPECT_EQ(reconnect(), "true");
    EXPECT_TRUE(failures(*server).empty());
    EXPECT_TRUE(failures(*client).empty());
}

TEST_P(Resumption, AConnectionThatWasCutOffIsNoReasonAgainstIt) {
    server_tls.close.policy = model::TlsClose::Policy::abort;
    begin();
    EXPECT_EQ(reconnect(), "true");
    EXPECT_EQ(client->story.reasons.size(), 1u);
    EXPECT_NE(client->story.reasons.at(0), "");
}

TEST_P(Resumption, WithAnotherContextItBeginsFromNothing) {
    begin();
    EXPECT_EQ(reconnect(), "true");
    const auto former = client->unit().tls();
    client->unit().secure(net::testing::make_context(client_tls, TlsContext::Role::client, former));
    EXPECT_EQ(reconnect(), "false");
    EXPECT_EQ(reconnect(), "true");
}

TEST_P(Resumption, AnAuthorityThatIsNotTrustedAnyMoreIsNotAvoided) {
    begin();
    client_tls.peer.ca.text =
        folder_.write("stranger.pem", net::testing::Authority("stranger").certificate());
    client->unit().secure(context(TlsContext::Role::client));
    server->story.streams.back().close();
    rig.run_until([&] { return failures(*client)["certificate"] >= 2; });
    EXPECT_EQ(client->story.count("made"), 1u);
}

TEST_P(Resumption, AServerThatHasForgottenItIsMetAnew) {
    begin();
    server->unit().secure(context(TlsContext::Role::server));
    limit_version(*server);
    EXPECT_EQ(reconnect(), "false");
    EXPECT_EQ(reconnect(), "true");
}

TEST_P(Resumption, ConnectionsOfAPluginResumeByNameAndAddress) {
    begin();
    EXPECT_EQ(connect_as("server.test", *server), "true") << "the endpoint's";
    EXPECT_EQ(connect_as("also.test", *server), "false");
    EXPECT_EQ(connect_as("also.test", *server), "true");
    Puppet& second = rig.listener(listen({"tcp://127.0.0.1:0"}));
    // It would know the session.
    second.unit().secure(server->unit().tls());
    second.start();
    EXPECT_EQ(connect_as("also.test", second), "false");
    EXPECT_EQ(connect_as("also.test", second), "true");
}

TEST_P(Resumption, StartTlsResumesToo) {
    begin();
    const auto shake = [&](std::size_t index) {
        server->loop().start_tls(
            accepted.streams.at(index), {.server_side = true}, server_side.done());
        client->loop().start_tls(connected.streams.at(index), {}, client_side.done());
        rig.run_until(
            [&] { return server_side.times == index + 1 && client_side.times == index + 1; });
        EXPECT_EQ(client_side.status, PH_OK) << client_side.text;
        return reused(connected);
    };
    protohost::Server opened;
    server->loop().create_server([this] { return std::make_unique<ToldStream>(accepted); },
                                 "127.0.0.1",
                                 0,
                                 ServerOptions{},
                                 [&](auto*, protohost::Server made) { opened = made; });
    rig.run_until([&] { return opened.is_serving(); });
    const std::string at = opened.sockets().at(0).text();
    std::string said;
    for (std::size_t i = 0; i < 2; ++i) {
        client->loop().create_connection([this] { return std::make_unique<ToldStream>(connected); },
                                         "127.0.0.1",
                                         port_of(at),
                                         {},
                                         connection.done());
        rig.run_until(
            [&] { return accepted.count("made") == i + 1 && connected.count("made") == i + 1; });
        said += shake(i) + " ";
        read_tickets(accepted.streams.back(), connected);
        connected.streams.back().close();
        rig.run_until([&] { return accepted.count("lost") == i + 1; });
    }
    EXPECT_EQ(said, "false true ");
}

INSTANTIATE_TEST_SUITE_P(All,
                         Resumption,
                         ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) {
                             return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13";
                         });

}  // namespace
}  // namespace protohost::unit::testing

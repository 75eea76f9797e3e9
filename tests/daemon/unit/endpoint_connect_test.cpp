// SPDX-License-Identifier: MIT
// Endpoints that connect, again and again.
#include <algorithm>
#include <chrono>
#include <list>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/unit/name_server.hpp"
#include "tests/daemon/unit/scenes.hpp"

namespace protohost::unit::testing {
namespace {

using namespace std::chrono_literals;
using net::testing::Peer;
using Clock = std::chrono::steady_clock;

class ConnectingEndpoint : public ::testing::Test {
protected:
    /// By name, so that each attempt is counted by the name server.
    model::EndpointSpec to_server() const {
        return connect("tcp://name.test:" + std::to_string(server_.address().port()));
    }
    /// Takes the next connection.
    Peer accept(Rig& rig) {
        std::vector<base::Descriptor> arrived;
        rig.run_until([&] {
            arrived = server_.accept_all();
            return !arrived.empty();
        });
        EXPECT_EQ(arrived.size(), 1u) << "an endpoint has one connection at a time";
        return Peer(arrived.front().release());
    }

    net::testing::Endpoint server_;  // refuses until it listens
    std::shared_ptr<NameServer> names_ = NameServer::make();
    Rig rig_{names_->lookup()};
};

TEST_F(ConnectingEndpoint, TriesUntilThereIsAServer) {
    Puppet& puppet = rig_.endpoint(to_server());
    puppet.start();
    rig_.run_until([&] { return names_->asked() >= 5; });
    EXPECT_EQ(puppet.story.count("made"), 0u);
    EXPECT_FALSE(puppet.unit().connections());
    server_.listen();
    rig_.run_until([&] { return puppet.story.count("made") == 1; });
    Peer peer = accept(rig_);
    puppet.story.streams.at(0).write("hello");
    EXPECT_EQ(peer.receive(), "hello");
}

TEST_F(ConnectingEndpoint, PausesAreNeverShorterThanTheBackoff) {
    constexpr int attempts = 7;
    std::vector<Clock::time_point> at;
    model::EndpointSpec spec = to_server();
    spec.reconnect = model::Reconnect{4ms, 16ms, 0.0};
    Puppet& puppet = rig_.endpoint(spec);
    puppet.start();
    for (std::size_t asked = 1; asked <= attempts; ++asked) {
        rig_.run_until([&] { return names_->asked() >= asked; });
        // It has not failed yet: the loop has not gone on since its name was found.
        at.push_back(Clock::now());
    }
    EXPECT_EQ(names_->asked(), std::size_t{attempts});
    EXPECT_GE(at.back() - at.front(), 4ms + 8ms + 4 * 16ms);
}

TEST_F(ConnectingEndpoint, OpensAgainWhatEnds) {
    server_.listen();
    Puppet& puppet = rig_.endpoint(to_server());
    puppet.start();
    for (std::size_t times = 1; times <= 10; ++times) {
        Peer peer = accept(rig_);
        rig_.run_until([&] { return puppet.story.count("made") == times; });
        EXPECT_EQ(puppet.unit().connections(), 1u);
        times % 2 == 0 ? peer.close() : peer.reset();
        rig_.run_until([&] { return puppet.story.count("lost") == times; });
    }
    EXPECT_EQ(names_->asked(), 10u);
}

TEST_F(ConnectingEndpoint, OpensAgainWhatItsProtocolEnds) {
    server_.listen();
    Puppet& puppet = rig_.endpoint(to_server());
    puppet.story.on = [&](std::string_view event) {
        if (event != "made") return;
        if (puppet.story.count("made") == 1) puppet.story.streams.back().abort();
        if (puppet.story.count("made") == 2) throw std::runtime_error("not this one");
    };
    unsigned calls = 0;
    puppet.make_protocol = [&]() -> std::unique_ptr<BaseProtocol> {
        if (++calls == 3) throw std::runtime_error("no protocol");
        return puppet.story.stream();
    };
    puppet.start();
    rig_.run_until([&] { return puppet.story.count("made") == 3; });
    EXPECT_EQ(calls, 4u);
    EXPECT_EQ(puppet.story.reasons, (std::vector<std::string>{"", "not this one"}));
}

/// What its plugin has opened may keep a unit for a while.
TEST_F(ConnectingEndpoint, TriesNoMoreWhileItsUnitDrains) {
    Peers peers;
    model::EndpointSpec refused = to_server();
    model::EndpointSpec accepted = connect("unix://" + peers.unix_path());
    refused.reconnect = accepted.reconnect = model::Reconnect{100ms, 100ms, 0.0};
    std::list<Attempt> kept;
    std::vector<Puppet*> puppets{&rig_.endpoint(refused), &rig_.endpoint(accepted)};
    for (Puppet* puppet : puppets) {
        puppet->story.keep_open_at_drain = true;
        puppet->start();
        Attempt& attempt = kept.emplace_back(*puppet);
        attempt.descriptor = peers.socket_end(SOCK_STREAM);
        attempt.open(&ph_loop_api::create_connection);
    }
    while (rig_.step_unless_idle()) {
    }
    ASSERT_EQ(puppets[0]->story.count("made"), 1u);
    ASSERT_EQ(puppets[1]->story.count("made"), 2u);
    const std::size_t asked = names_->asked();
    for (Puppet* puppet : puppets) puppet->stop();
    // The second loses its own connection only now.
    for (const Transport& each : puppets[1]->story.streams) {
        if (each.get_extra_info("peername").text() == peers.unix_path()) Transport(each).abort();
    }
    bool much_later = false;
    puppets[0]->loop().call_later(250ms, [&] { much_later = true; });
    rig_.run_until([&] { return much_later; });
    EXPECT_EQ(names_->asked(), asked);
    EXPECT_EQ(puppets[1]->story.count("made"), 2u);
    EXPECT_EQ(puppets[1]->story.count("lost"), 1u);
    for (Puppet* puppet : puppets) {
        EXPECT_FALSE(puppet->stopped());
        puppet->unit().abort_connections();
        rig_.end(*puppet);
    }
    peers.leave();
}

TEST_F(ConnectingEndpoint, BeginsAnewAfterAConnectionThatLivedLongerThanMax) {
    model::EndpointSpec spec = to_server();
    spec.reconnect = model::Reconnect{1ms, 400ms, 0.0};
    Puppet& puppet = rig_.endpoint(spec);
    puppet.start();
    // 1 + 2 + ... + 256: the next pauses are of 400 ms.
    rig_.run_until([&] { return names_->asked() >= 10; });
    server_.listen();
    Peer peer = accept(rig_);
    rig_.run_until([&] { return puppet.story.count("made") == 1; });
    bool long_enough = false;
    puppet.loop().call_later(401ms, [&] { long_enough = true; });
    rig_.run_until([&] { return long_enough; });

    const std::size_t asked = names_->asked();
    const auto lost = Clock::now();
    peer.close();
    rig_.run_until([&] { return names_->asked() > asked; });
    EXPECT_LT(Clock::now() - lost, 400ms);
}

TEST_F(ConnectingEndpoint, DoesNotBeginAnewWithAServerThatEndsEveryConnectionAtOnce) {
    server_.listen();
    model::EndpointSpec spec = to_server();
    spec.reconnect = model::Reconnect{1ms, 60s, 0.0};
    Puppet& puppet = rig_.endpoint(spec);
    const auto begin = Clock::now();
    puppet.start();
    for (int times = 0; times < 8; ++times) accept(rig_).close();
    EXPECT_GE(Clock::now() - begin, 127ms) << "1 + 2 + ... + 64";
}

TEST_F(ConnectingEndpoint, WithReconnectNeverTriesOnce) {
    model::EndpointSpec spec = to_server();
    spec.reconnect.reset();
    spec.required = true;
    Puppet& puppet = rig_.endpoint(spec);
    unsigned changes = 0;
    puppet.unit().on_readiness([&] { ++changes; });
    puppet.start();
    rig_.run_until([&] { return changes != 0; });
    EXPECT_FALSE(puppet.unit().ready());
    EXPECT_NE(puppet.unit().given_up().find("Connection refused"), std::string::npos)
        << puppet.unit().given_up();
    rig_.run_ready();
    EXPECT_EQ(names_->asked(), 1u);
    EXPECT_EQ(changes, 1u);
}

TEST_F(ConnectingEndpoint, WithReconnectNeverHasNotGivenUpOnceItWasOpen) {
    server_.listen();
    model::EndpointSpec spec = to_server();
    spec.reconnect.reset();
    spec.required = true;
    Puppet& puppet = rig_.endpoint(spec);
    puppet.start();
    accept(rig_).close();
    rig_.run_until([&] { return puppet.story.count("lost") == 1; });
    rig_.run_ready();
    EXPECT_EQ(puppet.unit().connections(), 0u);
    EXPECT_TRUE(puppet.unit().ready());
    EXPECT_EQ(puppet.unit().given_up(), "");
    EXPECT_EQ(names_->asked(), 1u);
}

TEST_F(ConnectingEndpoint, ThatIsRequiredIsReadyOnceItWasOpen) {
    model::EndpointSpec spec = to_server();
    spec.required = true;
    Puppet& puppet = rig_.endpoint(spec);
    unsigned changes = 0;
    puppet.unit().on_readiness([&] { ++changes; });
    puppet.start();
    rig_.run_until([&] { return names_->asked() >= 3; });
    EXPECT_FALSE(puppet.unit().ready());
    EXPECT_EQ(puppet.unit().given_up(), "") << "it goes on trying";
    EXPECT_EQ(changes, 0u);
    server_.listen();
    for (int times = 0; times < 2; ++times) {
        accept(rig_).close();
        rig_.run_until([&] { return puppet.story.count("lost") > static_cast<unsigned>(times); });
        EXPECT_TRUE(puppet.unit().ready());
    }
    EXPECT_EQ(changes, 1u);
}

TEST_F(ConnectingEndpoint, ThatIsNotRequiredIsReadyFromTheStart) {
    Puppet& puppet = rig_.endpoint(to_server());
    EXPECT_TRUE(puppet.unit().ready());
    puppet.start();
    rig_.run_until([&] { return names_->asked() >= 3; });
    EXPECT_TRUE(puppet.unit().ready());
}

TEST_F(ConnectingEndpoint, GoesOnAfterASilentPeer) {
    server_.become_black_hole();
    model::EndpointSpec spec = to_server();
    spec.timeouts.connect = 100ms;
    Puppet& puppet = rig_.endpoint(spec);
    puppet.start();
    rig_.run_until([&] { return names_->asked() >= 3; });
    EXPECT_EQ(puppet.story.count("made"), 0u);
    server_.make_room();
    rig_.run_until([&] { return puppet.story.count("made") == 1; });
    server_.accept_all();
}

/// Over datagrams, too, for which nothing but the name takes time.
TEST_F(ConnectingEndpoint, GivesUpASilentNameServerAfterItsTimeout) {
    names_->stall();
    for (const char* scheme : {"tcp", "udp"}) {
        model::EndpointSpec spec = connect(std::string(scheme) + "://name.test:9");
        spec.timeouts.connect = 20ms;
        spec.reconnect.reset();
        spec.required = true;
        Puppet& puppet = rig_.endpoint(spec);
        puppet.start();
        rig_.run_until([&] { return !puppet.unit().given_up().empty(); });
        EXPECT_NE(puppet.unit().given_up().find("is still being resolved"), std::string::npos)
            << puppet.unit().given_up();
    }
    names_->go_on();
}

TEST_F(ConnectingEndpoint, TriesAgainForAName) {
    names_->knows({});
    Puppet& puppet = rig_.endpoint(connect("udp://name.test:9"));
    puppet.start();
    rig_.run_until([&] { return names_->asked() >= 3; });
    EXPECT_EQ(puppet.story.count("made"), 0u);
    names_->knows({"127.0.0.1"});
    rig_.run_until([&] { return puppet.story.count("made") == 1; });
    EXPECT_EQ(puppet.story.datagrams.at(0).get_extra_info("peername").text(), "127.0.0.1:9");
}

TEST_F(ConnectingEndpoint, LooksUpTheNameThatItComesFromAsWell) {
    for (const char* scheme : {"tcp", "udp"}) {
        server_.listen();
        const std::string port = std::to_string(server_.address().port());
        model::EndpointSpec spec = connect(std::string(scheme) + "://name.test:" + port);
        spec.socket.local = {address(std::string(scheme) + "://local.test:0"), {}};
        Puppet& puppet = rig_.endpoint(spec);
        const std::size_t asked = names_->asked();
        puppet.start();
        rig_.run_until([&] { return puppet.story.count("made") == 1; });
        EXPECT_EQ(names_->asked(), asked + 2) << scheme;
        rig_.end(puppet);
        server_.accept_all();
    }
}

TEST_F(ConnectingEndpoint, ChoosesADatagramFamilyThatBothEndsHave) {
    names_->knows({"::1", "127.0.0.1"});
    model::EndpointSpec spec = connect("udp://name.test:9");
    spec.socket.local = {address("udp://127.0.0.1:0"), {}};
    Puppet& puppet = rig_.endpoint(spec);
    puppet.start();
    rig_.run_until([&] { return puppet.story.count("made") == 1; });
    EXPECT_EQ(puppet.story.datagrams.at(0).get_extra_info("peername").text(), "127.0.0.1:9");
}

}  // namespace
}  // namespace protohost::unit::testing

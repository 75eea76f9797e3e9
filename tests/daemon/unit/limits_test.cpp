// SPDX-License-Identifier: MIT
// How many connections a listener has at a time.
#include <array>
#include <list>
#include <stdexcept>
#include <string>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "daemon/unit/source_limit.hpp"
#include "tests/daemon/unit/scenes.hpp"

namespace protohost::unit::testing {
namespace {

using net::testing::Peer;

/// A listening socket as a service manager hands it over.
struct Inherited {
    Inherited() : socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const auto any = *net::numeric({.host = "127.0.0.1"});
        EXPECT_EQ(::bind(socket.get(), any.data(), any.size()), 0);
        EXPECT_EQ(::listen(socket.get(), 64), 0);
        address = net::SocketAddress::local_of(socket.get());
    }
    base::Descriptor socket;
    net::SocketAddress address;
};

/// Clients that send their number; they need not be accepted for that.
class Clients {
public:
    Peer& connect(const net::SocketAddress& to, const std::string& from = {}) {
        base::Descriptor socket(::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (!from.empty()) {
            const auto at = *net::numeric({.host = from});
            EXPECT_EQ(::bind(socket.get(), at.data(), at.size()), 0);
        }
        EXPECT_EQ(::connect(socket.get(), to.data(), to.size()), 0);
        Peer& peer = all_.emplace_back(socket.release());
        peer.send(std::to_string(all_.size()));
        return peer;
    }

private:
    std::list<Peer> all_;
};

class Limits : public ::testing::Test {
protected:
    void serve() {
        for (const auto& each : inherited_) {
            const std::string fd = "fd:" + std::to_string(each.socket.get());
            spec_.listen.push_back({address(fd), {}});
        }
        puppet_ = &rig_.listener(spec_);
        puppet_->start();
    }
    /// Serves everybody who is not held back.
    void settle() {
        for (int turn = 0; turn < 4; ++turn) rig_.run_ready();
    }
    const net::SocketAddress& at(std::size_t socket = 0) const {
        return inherited_[socket].address;
    }
    Story& story() { return puppet_->story; }
    std::size_t connections() { return puppet_->unit().connections(); }

    std::array<Inherited, 2> inherited_;
    model::ListenerSpec spec_;
    Rig rig_;
    Puppet* puppet_ = nullptr;
    Clients clients_;
};

TEST_F(Limits, FurtherConnectionsWaitInTheQueue) {
    spec_.limits.connections = 2;
    serve();
    Peer& first = clients_.connect(at());
    Peer& second = clients_.connect(at());
    clients_.connect(at());
    clients_.connect(at());
    rig_.run_until([&] { return story().received.size() == 2; });
    settle();
    EXPECT_EQ(connections(), 2u);
    EXPECT_EQ(story().received, "12");

    first.close();
    rig_.run_until([&] { return story().received.size() == 3; });
    settle();
    EXPECT_EQ(connections(), 2u) << "one left, one came in";
    EXPECT_EQ(story().count("made"), 3u);

    second.close();
    rig_.run_until([&] { return story().received == "1234"; });
    EXPECT_EQ(story().reasons, (std::vector<std::string>{"", ""})) << "nobody was turned away";
}

TEST_F(Limits, HoldForAllAddressesOfAListenerTogether) {
    spec_.limits.connections = 1;
    serve();
    Peer& first = clients_.connect(at(0));
    rig_.run_until([&] { return story().received == "1"; });
    Peer& second = clients_.connect(at(1));
    Peer& third = clients_.connect(at(0));
    settle();
    EXPECT_EQ(connections(), 1u);
    first.close();
    rig_.run_until([&] { return story().received.size() == 2; });
    settle();
    EXPECT_EQ(connections(), 1u);
    // Which of the two sockets is looked at first is nobody's business.
    (story().received == "12" ? second : third).close();
    rig_.run_until([&] { return story().received.size() == 3; });
    EXPECT_EQ(connections(), 1u);
}

TEST_F(Limits, DoNotCountWhatThePluginOpens) {
    spec_.limits.connections = 1;
    serve();
    Peers peers;
    Attempt own(*puppet_);
    own.descriptor = peers.socket_end(SOCK_STREAM);
    own.open(&ph_loop_api::connect_accepted_socket);
    rig_.run_until([&] { return own.done == 1; });
    Peer& first = clients_.connect(at());
    rig_.run_until([&] { return story().received == "1"; });
    EXPECT_EQ(connections(), 2u);
    // Nor does its end make room.
    clients_.connect(at());
    peers.leave();
    rig_.run_until([&] { return story().count("lost") == 1; });
    settle();
    EXPECT_EQ(story().received, "1");
    first.close();
    rig_.run_until([&] { return story().received == "12"; });
}

TEST_F(Limits, AProtocolThatFailsAtOnceMakesRoomAgain) {
    spec_.limits.connections = 1;
    serve();
    unsigned calls = 0;
    puppet_->make_protocol = [&]() -> std::unique_ptr<BaseProtocol> {
        if (++calls == 1) throw std::runtime_error("not the first one");
        return story().stream();
    };
    story().on = [&](std::string_view event) {
        if (calls == 2 && event == "made") throw std::runtime_error("nor the second");
    };
    for (int i = 0; i < 3; ++i) clients_.connect(at());
    rig_.run_until([&] { return story().received == "3"; });
    EXPECT_EQ(calls, 3u);
}

TEST_F(Limits, OfOneSourceFurtherConnectionsAreClosed) {
    spec_.limits.per_source = 2;
    serve();
    Peer& first = clients_.connect(at());
    clients_.connect(at());
    Peer& third = clients_.connect(at());
    clients_.connect(at(), "127.0.0.2");
    rig_.run_until([&] { return story().received.size() == 3; });
    settle();
    EXPECT_EQ(story().received, "124");
    EXPECT_EQ(third.receive(), "") << "it is closed";

    first.close();
    rig_.run_until([&] { return connections() == 2; });
    clients_.connect(at());
    rig_.run_until([&] { return story().received == "1245"; });
    clients_.connect(at());
    settle();
    EXPECT_EQ(connections(), 3u);
}

TEST_F(Limits, OfOneSourceAreNotUsedUpByProtocolsThatFail) {
    spec_.limits.per_source = 1;
    serve();
    unsigned calls = 0;
    puppet_->make_protocol = [&]() -> std::unique_ptr<BaseProtocol> {
        if (++calls < 4) throw std::runtime_error("not yet");
        return story().stream();
    };
    for (int i = 0; i < 4; ++i) {
        clients_.connect(at());
        rig_.run_until([&] { return calls > static_cast<unsigned>(i); });
    }
    rig_.run_until([&] { return story().received == "4"; });
}

net::SocketAddress peer(const std::string& host, std::uint16_t port = 1) {
    return *net::numeric({.host = host, .port = port});
}

TEST(SourceLimit, CountsAnIPv4AddressWhateverItsPort) {
    SourceLimit limit(2);
    EXPECT_TRUE(limit.admit(peer("10.0.0.1", 1)));
    EXPECT_TRUE(limit.admit(peer("10.0.0.1", 2)));
    EXPECT_FALSE(limit.admit(peer("10.0.0.1", 3)));
    EXPECT_TRUE(limit.admit(peer("10.0.0.2")));
    limit.left(peer("10.0.0.1", 2));
    EXPECT_TRUE(limit.admit(peer("10.0.0.1", 4)));
    EXPECT_FALSE(limit.admit(peer("10.0.0.1", 5)));
}

TEST(SourceLimit, CountsTheNetworkOfAnIPv6Address) {
    SourceLimit limit(1);
    EXPECT_TRUE(limit.admit(peer("2001:db8:0:1::1")));
    EXPECT_FALSE(limit.admit(peer("2001:db8:0:1:ffff::2")));
    EXPECT_TRUE(limit.admit(peer("2001:db8:0:2::1")));
}

TEST(SourceLimit, CountsAnIPv4AddressInIPv6AsThatAddress) {
    SourceLimit limit(1);
    EXPECT_TRUE(limit.admit(peer("::ffff:10.0.0.1")));
    EXPECT_FALSE(limit.admit(peer("10.0.0.1")));
    EXPECT_TRUE(limit.admit(peer("::ffff:10.0.0.2")));
    EXPECT_TRUE(limit.admit(peer("::1"))) << "whose network begins with as many zeros";
}

TEST(SourceLimit, RefusesNobodyWithoutAnAddress) {
    SourceLimit limit(1);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(limit.admit(net::SocketAddress()));
    limit.left(net::SocketAddress());
    SourceLimit none(0);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(none.admit(peer("10.0.0.1")));
}

}  // namespace
}  // namespace protohost::unit::testing

// SPDX-License-Identifier: MIT
// A listener behind a load balancer.
#include <list>
#include <string>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "tests/daemon/net/proxy_headers.hpp"
#include "tests/daemon/net/tls_authority.hpp"
#include "tests/daemon/net/tls_rig.hpp"
#include "tests/daemon/unit/scenes.hpp"

namespace protohost::unit::testing {
namespace {

using net::testing::Peer;

class BehindABalancer : public ::testing::Test {
protected:
    BehindABalancer() { trust("127.0.0.1"); }

    void trust(const std::string& network) {
        model::ProxyProtocol proxy;
        proxy.trusted = {model::parse_network(network).value()};
        spec_.proxy_protocol = proxy;
    }
    void serve() {
        puppet_ = &rig_.listener(spec_);
        puppet_->start();
        address_ = puppet_->unit().snapshot().addresses.at(0);
    }
    Peer& balancer(std::string_view says = {}) {
        const auto to = *net::numeric(address(address_));
        base::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(::connect(socket.get(), to.data(), to.size()), 0);
        Peer& peer = balancers_.emplace_back(socket.release());
        if (!says.empty()) peer.send(says);
        return peer;
    }
    static std::string header(const std::string& client) {
        return "PROXY TCP4 " + client + " 198.51.100.2 4660 443\r\n";
    }
    /// Whom the protocol of a connection speaks with.
    std::string peer_of(std::size_t connection = 0) {
        std::vector<ConnectionSnapshot> all;
        puppet_->unit().append_connections(all);
        return all.at(connection).peer;
    }
    /// Both as the protocol of the first connection is told.
    std::string ends() {
        const Transport& transport = story().streams.at(0);
        return transport.get_extra_info("peername", "nobody") + " to " +
               transport.get_extra_info("sockname", "nowhere");
    }
    Story& story() { return puppet_->story; }
    std::uint64_t refused() { return puppet_->unit().snapshot().refused; }

    model::ListenerSpec spec_ = listen({"tcp://127.0.0.1:0"});
    std::string address_;
    Rig rig_;
    std::list<Peer> balancers_;  // closed before the rig counts what is left open
    Puppet* puppet_ = nullptr;
};

TEST_F(BehindABalancer, ThePeerIsTheClient) {
    serve();
    balancer(header("192.0.2.1") + "hello");
    rig_.run_until([&] { return story().received == "hello"; });
    EXPECT_EQ(peer_of(), "192.0.2.1:4660");
}

TEST_F(BehindABalancer, BothEndsAreTheClients) {
    serve();
    balancer(header("192.0.2.1") + "hello");
    rig_.run_until([&] { return story().received == "hello"; });
    EXPECT_EQ(ends(), "192.0.2.1:4660 to 198.51.100.2:443");
    const Address reached = story().streams.at(0).get_extra_info("sockname").address();
    EXPECT_EQ(reached.ip(), "198.51.100.2");
    EXPECT_EQ(reached.port(), 443);
}

TEST_F(BehindABalancer, BothEndsAreTheClientsInTheBinaryVersion) {
    serve();
    balancer(net::testing::binary_header(0x21, 0x11, net::testing::ipv4_ends()) + "hello");
    rig_.run_until([&] { return story().received == "hello"; });
    EXPECT_EQ(ends(), "192.0.2.1:4660 to 198.51.100.2:443");
}

TEST_F(BehindABalancer, WhoSpeaksForItselfIsThePeer) {
    serve();
    balancer("PROXY UNKNOWN\r\nhello");
    rig_.run_until([&] { return story().received == "hello"; });
    EXPECT_TRUE(peer_of().starts_with("127.0.0.1:")) << peer_of();
    EXPECT_TRUE(ends().ends_with(" to " + address_.substr(6))) << ends();
}

TEST_F(BehindABalancer, ALocalHeaderSaysNothingOfTheEnds) {
    serve();
    balancer(net::testing::binary_header(0x20, 0x11, net::testing::ipv4_ends()) + "hello");
    rig_.run_until([&] { return story().received == "hello"; });
    EXPECT_TRUE(ends().starts_with("127.0.0.1:")) << ends();
    EXPECT_TRUE(ends().ends_with(" to " + address_.substr(6))) << ends();
}

TEST_F(BehindABalancer, NothingIsHeardBeforeTheHeaderIsThere) {
    serve();
    Peer& peer = balancer("PROXY TCP4 192.0.2.1 198.51");
    rig_.run_ready();
    EXPECT_TRUE(story().events.empty());
    peer.send(".100.2 4660 443\r\nhello");
    rig_.run_until([&] { return story().received == "hello"; });
}

TEST_F(BehindABalancer, WithoutAHeaderThereIsNoConnection) {
    serve();
    Peer& peer = balancer("GET / HTTP/1.1\r\n\r\n");
    rig_.run_ready();
    EXPECT_EQ(peer.receive_ready(), "");
    EXPECT_TRUE(story().events.empty());
    EXPECT_EQ(puppet_->unit().connections(), 0u);
}

TEST_F(BehindABalancer, AHeaderHasItsTime) {
    spec_.proxy_protocol->timeout = std::chrono::milliseconds(20);
    serve();
    Peer& peer = balancer("PROXY ");
    rig_.run_until([&] {
        char byte = 0;
        return ::recv(peer.fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
    });
    EXPECT_TRUE(story().events.empty());
}

TEST_F(BehindABalancer, WhoIsNotTrustedIsSentAway) {
    trust("10.0.0.0/8");
    serve();
    balancer(header("192.0.2.1") + "hello");
    rig_.run_until([&] { return refused() == 1; });
    EXPECT_TRUE(story().events.empty());
}

TEST_F(BehindABalancer, LimitsOfASourceAreThoseOfTheClient) {
    spec_.limits.per_source = 1;
    serve();
    balancer(header("192.0.2.1") + "a");
    rig_.run_until([&] { return story().received == "a"; });
    balancer(header("192.0.2.2") + "b");
    rig_.run_until([&] { return story().received == "ab"; });
    balancer(header("192.0.2.1") + "c");
    rig_.run_until([&] { return refused() == 1; });
    EXPECT_EQ(story().received, "ab");
    balancers_.front().close();
    rig_.run_until([&] { return story().count("lost") == 1; });
    balancer(header("192.0.2.1") + "d");
    rig_.run_until([&] { return story().received == "abd"; });
}

TEST_F(BehindABalancer, WhoHasNotSaidWhoItIsCountsInLimits) {
    spec_.limits.connections = 1;
    serve();
    Peer& silent = balancer();
    rig_.run_ready();
    balancer(header("192.0.2.1") + "hello");
    rig_.run_ready();
    EXPECT_TRUE(story().events.empty());
    silent.close();
    rig_.run_until([&] { return story().received == "hello"; });
}

TEST_F(BehindABalancer, AStoppedListenerForgetsThem) {
    spec_.limits.connections = 2;
    serve();
    Peer& silent = balancer("PROXY ");
    rig_.run_ready();
    bool stopped = false;
    puppet_->unit().stop([&] { stopped = true; });
    rig_.run_until([&] { return stopped; });
    EXPECT_EQ(silent.receive(), "");
    // And counts from nothing again.
    EXPECT_TRUE(puppet_->unit().bind().empty());
    puppet_->start();
    address_ = puppet_->unit().snapshot().addresses.at(0);
    balancer(header("192.0.2.1") + "a");
    balancer(header("192.0.2.2") + "b");
    rig_.run_until([&] { return story().received.size() == 2; });
}

TEST_F(BehindABalancer, TheHeaderComesBeforeTls) {
    const net::testing::Authority authority("Root");
    net::testing::TlsFolder folder;
    model::Tls tls;
    tls.certificates = {folder.write("server", authority.issue({}))};
    puppet_ = &rig_.listener(spec_);
    puppet_->unit().secure(net::testing::make_context(tls, net::TlsContext::Role::server));
    puppet_->start();
    address_ = puppet_->unit().snapshot().addresses.at(0);
    balancer(header("192.0.2.1") + "GET / HTTP/1.0\r\n\r\n");
    const std::map<std::string, std::uint64_t> one{{"not_tls", 1}};
    rig_.run_until([&] { return puppet_->unit().snapshot().failed_handshakes == one; });
    EXPECT_TRUE(story().events.empty());
}

}  // namespace
}  // namespace protohost::unit::testing

// SPDX-License-Identifier: MIT
// The loop's services in the hands of a plugin that is written in C++.
#include <array>
#include <fcntl.h>
#include <list>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/unit/name_server.hpp"
#include "tests/daemon/unit/scenes.hpp"

#include <protohost/plugin.hpp>

namespace protohost::unit::testing {
namespace {

using net::testing::open_descriptors;
using net::testing::Peer;
using protohost::Server;

/// A completion, kept.
template <class Opened>
struct Completion {
    unsigned count = 0;
    ph_status status = PH_OK;
    std::string text;
    Opened opened;

    auto done() {
        return [this](const Error* exc, Opened what) {
            ++count;
            opened = what;
            if (exc == nullptr) return;
            status = exc->status;
            text = exc->message;
        };
    }
};

class LoopServices : public ::testing::Test {
protected:
    LoopServices() { puppet_.start(); }
    void TearDown() override { peers_.leave(); }

    auto protocols() {
        return [this] { return puppet_.story.stream(); };
    }
    /// A client of a server of the plugin's.
    static Peer client(const ExtraInfo& server) {
        const Address& at = server.address();
        base::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(::connect(socket.get(), static_cast<const sockaddr*>(at.data()), at.size()), 0);
        return Peer(socket.release());
    }
    Server server(unsigned count = 1) {
        Completion<Server> made;
        puppet_.loop().create_server(protocols(), "127.0.0.1", 0, made.done());
        rig_.run_until([&] { return made.count == count; });
        return made.opened;
    }
    static int option(int fd, int level, int name) {
        int value = -1;
        socklen_t size = sizeof value;
        ::getsockopt(fd, level, name, &value, &size);
        return value;
    }

    Peers peers_;
    std::shared_ptr<NameServer> names_ = NameServer::make();
    Rig rig_{names_->lookup()};
    Puppet& puppet_ = rig_.listener();
    Story& story_ = puppet_.story;
};

TEST_F(LoopServices, ACancelledConnectMakesNoProtocolOrEndsIt) {
    const std::size_t before = open_descriptors();
    bool connected = false;
    for (int steps = 0; !connected; ++steps) {
        ASSERT_LT(steps, 100);
        Completion<Transport> made;
        Handle connecting = puppet_.loop().create_connection(
            protocols(), "127.0.0.1", peers_.tcp.address().port(), {}, made.done());
        for (int step = 0; step < steps && made.count == 0; ++step) rig_.step();
        connected = made.count != 0 || story_.count("made") != 0;
        connecting.cancel();
        rig_.run_until([&] { return made.count != 0; });
        rig_.run_ready();
        EXPECT_EQ(made.count, 1u);
        EXPECT_EQ(made.status, connected ? PH_OK : PH_E_CANCELLED);
        EXPECT_EQ(story_.count("made"), connected ? 1u : 0u) << "after " << steps << " steps";
        if (connected) made.opened.abort();
        rig_.run_until([&] { return puppet_.unit().connections() == 0; });
        EXPECT_EQ(story_.count("made"), story_.count("lost"));
        peers_.leave();
        EXPECT_EQ(open_descriptors(), before) << "after " << steps << " steps";
    }
}

TEST_F(LoopServices, TakesAnAcceptedSocket) {
    base::Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto& where = peers_.tcp.address();
    ASSERT_EQ(::connect(client.get(), where.data(), where.size()), 0);
    Completion<Transport> made;
    puppet_.loop().connect_accepted_socket(
        protocols(), Sock{peers_.tcp.accept().release()}, made.done());
    EXPECT_EQ(made.count, 0u);
    rig_.run_until([&] { return made.count == 1; });
    ASSERT_TRUE(made.opened) << made.text;
    const auto name = net::SocketAddress::local_of(client.get());
    EXPECT_EQ(made.opened.get_extra_info("peername").text(), name.text());
    EXPECT_EQ(puppet_.unit().connections(), 1u);

    Peer peer(client.release());
    peer.send("hello");
    rig_.run_until([&] { return story_.received == "hello"; });
    made.opened.write("and back");
    EXPECT_EQ(peer.receive(), "and back");
    peer.close();
    rig_.run_until([&] { return story_.count("lost") == 1; });
}

TEST_F(LoopServices, AServerTellsItsAddressesUntilItIsClosed) {
    Server server = this->server();
    ASSERT_TRUE(server);
    EXPECT_TRUE(server.is_serving());
    const auto sockets = server.sockets();
    ASSERT_EQ(sockets.size(), 1u);
    EXPECT_EQ(sockets[0].text().find("127.0.0.1:"), 0u);
    EXPECT_FALSE(sockets[0].text().ends_with(":0"));

    Peer first = client(sockets[0]);
    rig_.run_until([&] { return story_.count("made") == 1; });
    server.close();
    for (int i = 0; i < 2; ++i) {
        EXPECT_FALSE(server.is_serving());
        EXPECT_TRUE(server.sockets().empty());
        rig_.run_ready();
        server.close();
    }
    base::Descriptor late(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const Address& at = sockets[0].address();
    EXPECT_NE(::connect(late.get(), static_cast<const sockaddr*>(at.data()), at.size()), 0);
    // Its connections outlive it.
    story_.streams.at(0).write("still here");
    EXPECT_EQ(first.receive(), "still here");
}

TEST_F(LoopServices, AServerWithANameListensOnEachOfItsAddresses) {
    names_->knows({"127.0.0.1", "::1", "127.0.0.3"});
    Completion<Server> made;
    puppet_.loop().create_server(protocols(), "name.test", 0, made.done());
    rig_.run_until([&] { return made.count == 1; });
    const auto sockets = made.opened.sockets();
    ASSERT_EQ(sockets.size(), 3u) << made.text;
    EXPECT_EQ(sockets[1].text().find("[::1]:"), 0u);
    EXPECT_EQ(sockets[2].text().find("127.0.0.3:"), 0u);
}

TEST_F(LoopServices, AServerThatCannotHaveAllOfItsAddressesHasNone) {
    names_->knows({"127.0.0.1", "192.0.2.1"});
    const std::size_t before = open_descriptors();
    Completion<Server> made;
    puppet_.loop().create_server(protocols(), "name.test", 0, made.done());
    rig_.run_until([&] { return made.count == 1; });
    EXPECT_EQ(made.status, PH_E_OS);
    EXPECT_NE(made.text.find("192.0.2.1"), std::string::npos) << made.text;
    rig_.run_ready();
    EXPECT_EQ(open_descriptors(), before);
}

TEST_F(LoopServices, AServerMayBeClosedInItsOwnFactoryAndInItsCompletion) {
    Server closing;
    const auto protocols = [&] {
        closing.close();
        return story_.stream();
    };
    puppet_.loop().create_server(
        protocols, "127.0.0.1", 0, [&](const Error*, Server made) { closing = made; });
    rig_.run_until([&] { return static_cast<bool>(closing); });
    Peer peer = client(closing.sockets().at(0));
    rig_.run_until([&] { return story_.count("made") == 1; });
    EXPECT_FALSE(closing.is_serving());
    peer.send("served all the same");
    rig_.run_until([&] { return story_.received == "served all the same"; });

    const std::size_t before = open_descriptors();
    bool told = false;
    puppet_.loop().create_server(protocols, "127.0.0.1", 0, [&](const Error*, Server made) {
        made.close();
        told = true;
    });
    rig_.run_until([&] { return told; });
    rig_.run_ready();
    EXPECT_EQ(open_descriptors(), before);
}

TEST_F(LoopServices, AServersFactoryThatThrowsClosesThatOneConnection) {
    unsigned calls = 0;
    Completion<Server> made;
    const auto protocols = [&]() -> std::unique_ptr<BaseProtocol> {
        if (++calls == 1) throw std::runtime_error("not the first one");
        return story_.stream();
    };
    puppet_.loop().create_server(protocols, "127.0.0.1", 0, made.done());
    rig_.run_until([&] { return made.count == 1; });
    const ExtraInfo where = made.opened.sockets().at(0);
    Peer first = client(where);
    rig_.run_until([&] { return calls == 1; });
    EXPECT_EQ(first.receive(), "");
    const Peer second = client(where);
    rig_.run_until([&] { return story_.count("made") == 1; });
}

TEST_F(LoopServices, AnOldServerHandleReachesNoOtherServer) {
    Server old = server();
    old.close();
    rig_.run_ready();
    const Server next = server();
    old.close();
    EXPECT_TRUE(next.is_serving());
    EXPECT_TRUE(old.sockets().empty());
}

TEST_F(LoopServices, AHandleOfWhatIsOverCancelsNothing) {
    Completion<Transport> made;
    Handle over = puppet_.loop().create_connection(
        protocols(), Sock{peers_.socket_end(SOCK_STREAM)}, made.done());
    rig_.run_until([&] { return made.count == 1; });
    Completion<Transport> next;
    puppet_.loop().create_connection(
        protocols(), Sock{peers_.socket_end(SOCK_STREAM)}, next.done());
    over.cancel();
    rig_.run_until([&] { return next.count == 1; });
    EXPECT_EQ(next.status, PH_OK);
    EXPECT_EQ(puppet_.api().cancel(puppet_.context(), ~ph_op{0}), PH_E_INVAL);
}

TEST_F(LoopServices, ASocketThatIsHandedOverHasTheUnitsOptions) {
    base::Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto& where = peers_.tcp.address();
    ASSERT_EQ(::connect(client.get(), where.data(), where.size()), 0);
    const int accepted = peers_.tcp.accept().release();
    ASSERT_EQ(option(accepted, IPPROTO_TCP, TCP_NODELAY), 0);
    Completion<Transport> made;
    puppet_.loop().create_connection(protocols(), Sock{accepted}, made.done());
    rig_.run_until([&] { return made.count == 1; });
    EXPECT_EQ(option(accepted, IPPROTO_TCP, TCP_NODELAY), 1);
    EXPECT_EQ(option(accepted, SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(::fcntl(accepted, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    EXPECT_EQ(::fcntl(accepted, F_GETFD), FD_CLOEXEC);
}

TEST_F(LoopServices, ADescriptorThatATransportHasIsLeftAlone) {
    Completion<Transport> first;
    puppet_.loop().create_connection(
        protocols(), Sock{peers_.socket_end(SOCK_STREAM)}, first.done());
    rig_.run_until([&] { return first.count == 1; });
    ASSERT_EQ(first.status, PH_OK) << first.text;
    const int taken = first.opened.get_extra_info("socket").descriptor();
    for (const bool paused : {false, true}) {
        // Paused, it is in no set that would know it.
        if (paused) first.opened.pause_reading();
        Completion<Transport> connection;
        puppet_.loop().create_connection(protocols(), Sock{taken}, connection.done());
        Completion<Server> server;
        puppet_.loop().create_server(protocols(), Sock{taken}, server.done());
        Completion<DatagramTransport> datagrams;
        puppet_.loop().create_datagram_endpoint(
            [this] { return story_.datagram(); }, {.sock = taken}, datagrams.done());
        Completion<ReadTransport> pipe;
        puppet_.loop().connect_read_pipe(protocols(), taken, pipe.done());
        rig_.run_until(
            [&] { return connection.count + server.count + datagrams.count + pipe.count == 4; });
        EXPECT_EQ(connection.text,
                  "a transport has descriptor " + std::to_string(taken) +
                      " already, which stays as it is");
        for (const ph_status status :
             {connection.status, server.status, datagrams.status, pipe.status}) {
            EXPECT_EQ(status, PH_E_INVAL);
        }
    }
    first.opened.resume_reading();
    EXPECT_EQ(first.opened.get_extra_info("socket").descriptor(), taken);
    first.opened.write("it lives");
    rig_.run_ready();
    EXPECT_FALSE(first.opened.is_closing());
    EXPECT_EQ(story_.count("made"), 1u);
    EXPECT_EQ(story_.count("lost"), 0u);
}

TEST_F(LoopServices, ARequestOfZeroesGivesNoDescriptor) {
    ASSERT_GE(::fcntl(0, F_GETFD), 0);
    const std::string where = peers_.tcp.address().uri();
    ph_open open{};
    open.size = sizeof open;
    open.address = {where.data(), where.size()};
    ph_status status = PH_OK;
    open.arg = &status;
    open.make = [](void*, ph_proto*) -> ph_status { return PH_E_FAIL; };
    puppet_.api().create_connection(
        puppet_.context(), &open, [](void* told, const ph_error* why, ph_transport*) {
            *static_cast<ph_status*>(told) = why->code;
        });
    rig_.run_until([&] { return status != PH_OK; });
    EXPECT_EQ(status, PH_E_FAIL) << "it was connected, and then had no protocol";
    EXPECT_GE(::fcntl(0, F_GETFD), 0);
}

TEST_F(LoopServices, WhatListensForThePluginIsSaidOfTheUnit) {
    EXPECT_TRUE(puppet_.unit().snapshot().plugin_addresses.empty());
    Server made = server();
    const auto addresses = puppet_.unit().snapshot().plugin_addresses;
    ASSERT_EQ(addresses.size(), 1u);
    EXPECT_EQ(addresses[0], "tcp://" + made.sockets().at(0).text());
    made.close();
    rig_.run_ready();
    EXPECT_TRUE(puppet_.unit().snapshot().plugin_addresses.empty());
}

TEST_F(LoopServices, APipeThatIsWrittenToIsNotPaused) {
    Completion<WriteTransport> writes;
    puppet_.loop().connect_write_pipe(protocols(), peers_.pipe_end(1), writes.done());
    Completion<ReadTransport> reads;
    puppet_.loop().connect_read_pipe(protocols(), peers_.pipe_end(0), reads.done());
    rig_.run_until([&] { return writes.count + reads.count == 2; });
    reads.opened.pause_reading();
    std::vector<ConnectionSnapshot> living;
    puppet_.unit().append_connections(living);
    ASSERT_EQ(living.size(), 2u);
    EXPECT_FALSE(living[0].reading || living[1].reading);
    EXPECT_NE(living[0].reading_paused, living[1].reading_paused) << "only the one that can read";
}

TEST_F(LoopServices, DatagramsBetweenNamesUseAFamilyThatBothHave) {
    names_->knows({"::1", "127.0.0.1"});
    Completion<DatagramTransport> made;
    puppet_.loop().create_datagram_endpoint(
        [this] { return story_.datagram(); },
        {.local_addr = "127.0.0.1:0", .remote_addr = "name.test:9"},
        made.done());
    rig_.run_until([&] { return made.count == 1; });
    EXPECT_EQ(made.status, PH_OK) << made.text;
    EXPECT_EQ(made.opened.get_extra_info("peername").text(), "127.0.0.1:9");
}

TEST_F(LoopServices, WhatIsRefusedBecauseTheUnitGoesIsClosed) {
    const std::size_t before = open_descriptors();
    puppet_.stop();
    Completion<Transport> made;
    puppet_.loop().create_connection(
        protocols(), Sock{peers_.socket_end(SOCK_STREAM)}, made.done());
    puppet_.loop().connect_read_pipe(protocols(), peers_.pipe_end(0));
    peers_.leave();
    EXPECT_EQ(open_descriptors(), before);
    rig_.run_ready();
    EXPECT_EQ(made.count, 0u);
}

TEST_F(LoopServices, AUnitsOwnAddressAndGroupsAreNotItsPlugins) {
    model::EndpointSpec spec;
    spec.kind = model::EndpointSpec::Kind::bind;
    spec.address = {address("udp://127.0.0.1:0"), {}};
    spec.reconnect.reset();
    spec.socket.multicast = {{"239.255.1.2", "lo"}};
    Puppet& bound = rig_.endpoint(spec);
    bound.start();
    Completion<DatagramTransport> local;
    bound.loop().create_datagram_endpoint([&] { return bound.story.datagram(); },
                                          {.local_addr = "@" + peers_.unix_path()},
                                          local.done());
    rig_.run_until([&] { return local.count == 1; });
    EXPECT_EQ(local.status, PH_OK) << local.text;

    model::EndpointSpec connecting = connect(peers_.tcp.address().uri());
    connecting.socket.local = {address("tcp://127.0.0.5:0"), {}};
    Puppet& client = rig_.endpoint(connecting);
    client.start();
    Completion<Transport> other;
    client.loop().create_unix_connection(
        [&] { return client.story.stream(); }, peers_.unix_path(), {}, other.done());
    rig_.run_until([&] { return other.count == 1; });
    EXPECT_EQ(other.status, PH_OK) << other.text;
}

}  // namespace
}  // namespace protohost::unit::testing

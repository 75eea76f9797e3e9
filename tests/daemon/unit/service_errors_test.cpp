// SPDX-License-Identifier: MIT
// How the services say that something cannot be opened.
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <ostream>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/daemon/unit/name_server.hpp"
#include "tests/daemon/unit/scenes.hpp"

namespace protohost::unit::testing {
namespace {

using Api = ph_loop_api;
using net::testing::open_descriptors;

/// A service that is asked for what it cannot do.
struct Mistake {
    std::string name;
    std::function<void(Peers&, Attempt&)> begin;
    ph_status status;
    std::string text;  ///< a part of it
    int os_errno = 0;
};
void PrintTo(const Mistake& mistake, std::ostream* out) {
    *out << mistake.name;
}

auto open(Attempt::Open Api::*service, std::string address, std::string local = {}) {
    return [=](Peers&, Attempt& it) {
        it.address = address;
        it.local = local;
        it.open(service);
    };
}
auto serve(Attempt::Serve Api::*service, std::string address) {
    return [=](Peers&, Attempt& it) {
        it.address = address;
        it.serve(service);
    };
}
/// With a descriptor, which it may not keep.
template <class Service>
auto with(Service Api::*service, std::function<int(Peers&)> descriptor, std::string address = {}) {
    return [=](Peers& peers, Attempt& it) {
        it.address = address;
        it.descriptor = descriptor(peers);
        if constexpr (std::is_same_v<Service, Attempt::Open>) {
            it.open(service);
        } else {
            it.serve(service);
        }
    };
}
int regular_file(Peers& peers) {
    return ::open((peers.folder / "file").c_str(), O_RDWR | O_CREAT, 0600);
}
int pipe_end(std::size_t kept) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    ::close(ends.at(1 - kept));
    return ends.at(kept);
}
int read_end(Peers&) {
    return pipe_end(0);
}
int write_end(Peers&) {
    return pipe_end(1);
}
int zeros(Peers&) {
    return ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
}
int unconnected(Peers&) {
    return ::socket(AF_INET, SOCK_STREAM, 0);
}
int stream_end(Peers& peers) {
    return peers.socket_end(SOCK_STREAM);
}
int datagram_end(Peers& peers) {
    return peers.socket_end(SOCK_DGRAM);
}
int listening(Peers&) {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(::listen(socket, 1), 0);
    return socket;
}

std::vector<Mistake> wrong_addresses() {
    return {
        {"NoAddress", open(&Api::create_connection, ""), PH_E_INVAL, "needs an address tcp://"},
        {"BadAddress", open(&Api::create_connection, "tcp:/1"), PH_E_INVAL, "\"tcp:/1\""},
        {"BadLocal",
         open(&Api::create_connection, "tcp://127.0.0.1:9", "tcp://"),
         PH_E_INVAL,
         "local \"tcp://\""},
        {"UnixForTcp",
         open(&Api::create_connection, "unix:@x"),
         PH_E_INVAL,
         "needs an address tcp"},
        {"TcpForUnix",
         open(&Api::create_unix_connection, "tcp://127.0.0.1:9"),
         PH_E_INVAL,
         "needs an address unix:"},
        {"UnixWithLocalOfTcp",
         open(&Api::create_unix_connection, "unix:@x", "tcp://127.0.0.1:0"),
         PH_E_INVAL,
         "cannot connect to unix:@x from tcp://127.0.0.1:0"},
        {"UdpForServer",
         serve(&Api::create_server, "udp://127.0.0.1:0"),
         PH_E_INVAL,
         "create_server needs"},
        {"TcpForUnixServer",
         serve(&Api::create_unix_server, "tcp://127.0.0.1:0"),
         PH_E_INVAL,
         "create_unix_server needs"},
        {"TcpForDatagrams",
         open(&Api::create_datagram_endpoint, "tcp://127.0.0.1:9"),
         PH_E_INVAL,
         "needs addresses udp://"},
        {"NothingForDatagrams",
         open(&Api::create_datagram_endpoint, ""),
         PH_E_INVAL,
         "needs a local address, a remote one, or a socket"},
        {"FamiliesForDatagrams",
         open(&Api::create_datagram_endpoint, "udp://[::1]:9", "udp://127.0.0.1:0"),
         PH_E_INVAL,
         "different families"},
        {"NoDescriptor", open(&Api::connect_accepted_socket, ""), PH_E_INVAL, "a descriptor"},
        {"NoPipe", open(&Api::connect_read_pipe, ""), PH_E_INVAL, "by its descriptor"},
    };
}

std::vector<Mistake> wrong_descriptors() {
    const std::string both = "one of the two";
    return {
        {"BothForConnection",
         with(&Api::create_connection, stream_end, "tcp://127.0.0.1:9"),
         PH_E_INVAL,
         both},
        {"BothForServer",
         with(&Api::create_server, listening, "tcp://127.0.0.1:0"),
         PH_E_INVAL,
         both},
        {"BothForDatagrams",
         with(&Api::create_datagram_endpoint, datagram_end, "udp://127.0.0.1:9"),
         PH_E_INVAL,
         both},
        {"Unconnected", with(&Api::create_connection, unconnected), PH_E_INVAL, "not connected"},
        {"Listening", with(&Api::connect_accepted_socket, listening), PH_E_INVAL, "is a listening"},
        {"DatagramsForStream",
         with(&Api::create_connection, datagram_end),
         PH_E_INVAL,
         "no stream socket"},
        {"StreamForDatagrams",
         with(&Api::create_datagram_endpoint, stream_end),
         PH_E_INVAL,
         "no datagram socket"},
        {"NotListening", with(&Api::create_server, stream_end), PH_E_INVAL, "no listening stream"},
        {"WriteEndForReadPipe", with(&Api::connect_read_pipe, write_end), PH_E_INVAL, "read end"},
        {"ReadEndForWritePipe", with(&Api::connect_write_pipe, read_end), PH_E_INVAL, "write end"},
        {"DeviceForReadPipe", with(&Api::connect_read_pipe, zeros), PH_E_INVAL, "this device"},
        {"FileForReadPipe", with(&Api::connect_read_pipe, regular_file), PH_E_INVAL, "no FIFO"},
        {"FileForWritePipe", with(&Api::connect_write_pipe, regular_file), PH_E_INVAL, "no FIFO"},
    };
}

std::vector<Mistake> deaf_peers() {
    return {
        {"Refused",
         [](Peers&, Attempt& it) {
             const net::testing::Endpoint nobody;
             it.address = nobody.address().uri();
             it.open(&Api::create_connection);
         },
         PH_E_OS,
         "Connection refused",
         ECONNREFUSED},
        {"NobodyAtPath",
         [](Peers& peers, Attempt& it) {
             it.address = "unix://" + peers.folder / "nobody";
             it.open(&Api::create_unix_connection);
         },
         PH_E_OS,
         "No such file",
         ENOENT},
        {"PortTaken",
         [](Peers& peers, Attempt& it) {
             it.address = peers.tcp.address().uri();
             it.serve(&Api::create_server);
         },
         PH_E_OS,
         "Address already in use",
         EADDRINUSE},
        {"PathTaken",
         [](Peers& peers, Attempt& it) {
             it.address = "unix://" + peers.unix_path();
             it.serve(&Api::create_unix_server);
         },
         PH_E_OS,
         "is served by another process",
         EADDRINUSE},
        {"NoFolder",
         serve(&Api::create_unix_server, "unix:///nonexistent/x"),
         PH_E_OS,
         "the folder /nonexistent of",
         ENOENT},
        {"NotOurAddress",
         serve(&Api::create_server, "tcp://192.0.2.1:0"),
         PH_E_OS,
         "no interface of this machine",
         EADDRNOTAVAIL},
        {"NotOurAddressForDatagrams",
         open(&Api::create_datagram_endpoint, "", "udp://192.0.2.1:0"),
         PH_E_OS,
         "no interface of this machine",
         EADDRNOTAVAIL},
        {"NoBroadcast",
         open(&Api::create_datagram_endpoint, "udp://255.255.255.255:9"),
         PH_E_OS,
         "needs socket: {broadcast: true}",
         EACCES},
        {"PortZero",
         open(&Api::create_connection, "tcp://127.0.0.1:0"),
         PH_E_OS,
         "connect to 127.0.0.1:0 failed: Connection refused",
         ECONNREFUSED},
        {"UnknownName",
         open(&Api::create_connection, "tcp://name.test:9"),
         PH_E_RESOLVE,
         "the name is unknown"},
        {"UnknownNameOfServer",
         serve(&Api::create_server, "tcp://name.test:0"),
         PH_E_RESOLVE,
         "the name is unknown"},
        {"UnknownNameOfDatagrams",
         open(&Api::create_datagram_endpoint, "udp://127.0.0.1:9", "udp://name.test:0"),
         PH_E_RESOLVE,
         "the name is unknown"},
    };
}

class EveryMistake : public ::testing::TestWithParam<Mistake> {};

TEST_P(EveryMistake, IsToldOnceWithATextAndKeepsNothingOpen) {
    const auto names = NameServer::make();
    names->knows({});
    Peers peers;
    Rig rig(names->lookup());
    Puppet& puppet = rig.listener();
    puppet.start();
    const std::size_t before = open_descriptors();
    Attempt attempt(puppet);
    GetParam().begin(peers, attempt);
    ASSERT_NE(attempt.op, 0u) << "what is wrong is told to done";
    rig.run_until([&] { return attempt.dropped != 0; });
    EXPECT_EQ(attempt.status, GetParam().status) << attempt.text;
    EXPECT_EQ(attempt.os_errno, GetParam().os_errno);
    EXPECT_NE(attempt.text.find(GetParam().text), std::string::npos) << attempt.text;
    EXPECT_EQ(attempt.text.find('\n'), std::string::npos);
    EXPECT_EQ(attempt.made, 0u);
    peers.leave();
    EXPECT_EQ(open_descriptors(), before);
}

std::vector<Mistake> all_mistakes() {
    std::vector<Mistake> all = wrong_addresses();
    for (const auto& more : {wrong_descriptors(), deaf_peers()}) {
        all.insert(all.end(), more.begin(), more.end());
    }
    return all;
}

INSTANTIATE_TEST_SUITE_P(Mistakes,
                         EveryMistake,
                         ::testing::ValuesIn(all_mistakes()),
                         [](const auto& mistake) { return mistake.param.name; });

/// Everything that asks for a name, with a name server that never answers.
TEST(LoopServicesTimeout, HoldsForNamesToo) {
    const auto names = NameServer::make();
    names->stall();
    Rig rig(names->lookup());
    Puppet& puppet = rig.listener();
    puppet.start();
    Attempt connection(puppet);
    Attempt server(puppet);
    Attempt datagrams(puppet, PH_DATAGRAM);
    connection.address = "tcp://one.test:9";
    server.address = "tcp://two.test:0";
    datagrams.address = "udp://three.test:9";
    for (Attempt* each : {&connection, &server, &datagrams}) each->timeout = 20'000'000;
    connection.open(&Api::create_connection);
    server.serve(&Api::create_server);
    datagrams.open(&Api::create_datagram_endpoint);
    for (Attempt* each : {&connection, &server, &datagrams}) {
        rig.run_until([&] { return each->dropped != 0; });
        EXPECT_EQ(each->status, PH_E_TIMEOUT);
        EXPECT_NE(each->text.find("gave up after 20ms"), std::string::npos) << each->text;
        EXPECT_NE(each->text.find("still being resolved"), std::string::npos) << each->text;
    }
    names->go_on();
}

TEST(LoopServicesTimeout, IsTheUnitsWhereThePluginSaysNone) {
    Rig rig;
    net::testing::Endpoint hole;
    hole.become_black_hole();
    model::EndpointSpec spec = connect("tcp://127.0.0.1:9");
    spec.timeouts.connect = std::chrono::milliseconds(20);
    Puppet& puppet = rig.endpoint(spec);
    puppet.start();
    Attempt attempt(puppet);
    attempt.address = hole.address().uri();
    attempt.open(&Api::create_connection);
    rig.run_until([&] { return attempt.dropped != 0; });
    EXPECT_EQ(attempt.status, PH_E_TIMEOUT);
    EXPECT_NE(attempt.text.find("gave up after 20ms"), std::string::npos) << attempt.text;
}

}  // namespace
}  // namespace protohost::unit::testing

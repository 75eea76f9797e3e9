// SPDX-License-Identifier: MIT
#include "daemon/net/datagram_socket.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/daemon/net/datagram_rig.hpp"

namespace protohost::net {
namespace {

using testing::bound;
using testing::connected;
using testing::DatagramPeer;
using testing::local_of;
using testing::udp;
using testing::unixgram;
using testing::unixgram_abstract;

std::string complaint(const base::Result<DatagramSocket>& opened) {
    return opened ? "none" : base::to_string(opened.error().front());
}

std::string failure_of(DatagramEnds ends) {
    return complaint(open_datagram_socket(ends, "p.yaml:3:5: endpoints.x.bind"));
}

int option(const DatagramSocket& socket, int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    ::getsockopt(socket.descriptor.get(), level, name, &value, &size);
    return value;
}

class DatagramSocketFile : public ::testing::Test {
protected:
    DatagramSocketFile() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "protohost.XXXXXX").string();
        folder = ::mkdtemp(pattern.data());
        path = (folder / "gram.sock").string();
    }
    ~DatagramSocketFile() override { std::filesystem::remove_all(folder); }

    std::filesystem::path folder;
    std::string path;
};

TEST(DatagramSocketTest, BindsToWhatTheKernelChooses) {
    const DatagramSocket socket = bound(udp());
    const auto local = SocketAddress::local_of(socket.descriptor.get());
    EXPECT_EQ(socket.family, AF_INET);
    EXPECT_FALSE(socket.connected);
    EXPECT_EQ(socket.remote.family(), AF_UNSPEC);
    EXPECT_EQ(local.text().substr(0, 10), "127.0.0.1:");
    EXPECT_NE(local.port(), 0);
    EXPECT_EQ(option(socket, SOL_SOCKET, SO_REUSEPORT), 0);
    EXPECT_EQ(option(socket, SOL_SOCKET, SO_BROADCAST), 0);
    EXPECT_NE(::fcntl(socket.descriptor.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(DatagramSocketTest, ConnectsWithAnAddressOfItsOwnOrNot) {
    DatagramPeer peer;
    const DatagramSocket simple = connected(peer.address());
    EXPECT_TRUE(simple.connected);
    EXPECT_EQ(simple.remote, peer.address());

    auto both = open_datagram_socket({udp("127.0.0.2"), udp(peer.address()), {}}, "here");
    ASSERT_TRUE(both);
    EXPECT_TRUE(both->connected);
    EXPECT_EQ(SocketAddress::local_of(both->descriptor.get()).text().substr(0, 10), "127.0.0.2:");

    DatagramEnds ends{std::nullopt, udp(peer.address()), {}};
    ends.socket.local = model::Located<model::Address>{udp("127.0.0.3"), {}};
    auto local = open_datagram_socket(ends, "here");
    ASSERT_TRUE(local);
    EXPECT_EQ(SocketAddress::local_of(local->descriptor.get()).text().substr(0, 10), "127.0.0.3:");
}

TEST(DatagramSocketTest, TakesTheFirstPairOfAddressesThatFits) {
    DatagramPeer six(DatagramPeer::Kind::v6);
    const auto mixed = open_datagram_socket({udp(), udp(six.address()), {}}, "here");
    EXPECT_EQ(complaint(mixed), "here: the local and the remote address are of different families");
    auto named = open_datagram_socket({udp("localhost"), udp(six.address()), {}}, "here");
    if (named) {  // where localhost has an IPv6 address at all
        EXPECT_EQ(named->family, AF_INET6);
    }
}

TEST(DatagramSocketTest, AppliesItsOptions) {
    model::SocketSettings settings;
    settings.reuse_port = true;
    settings.broadcast = true;
    settings.receive_buffer = 300 * 1000;
    settings.send_buffer = 100 * 1000;
    settings.multicast = {{"239.1.2.3", "lo"}};
    const DatagramSocket first = bound(udp("0.0.0.0"), settings);
    EXPECT_EQ(option(first, SOL_SOCKET, SO_REUSEPORT), 1);
    EXPECT_EQ(option(first, SOL_SOCKET, SO_BROADCAST), 1);
    EXPECT_EQ(option(first, SOL_SOCKET, SO_RCVBUF), 2 * 300 * 1000) << "the kernel doubles it";
    EXPECT_EQ(option(first, SOL_SOCKET, SO_SNDBUF), 2 * 100 * 1000);
    const std::uint16_t port = SocketAddress::local_of(first.descriptor.get()).port();
    EXPECT_EQ(failure_of({udp("0.0.0.0", port), std::nullopt, settings}), "none") << "it is shared";
}

TEST(DatagramSocketTest, HearsTheGroupsItHasJoined) {
    model::SocketSettings settings;
    settings.multicast = {{"239.7.7.7", "lo"}};
    testing::DatagramRecorder recorder;
    testing::Rig rig;
    auto& transport = serve(rig, recorder, bound(udp("0.0.0.0"), settings));
    DatagramPeer sender;
    const in_addr loopback{htonl(INADDR_LOOPBACK)};
    ASSERT_EQ(::setsockopt(sender.fd(), IPPROTO_IP, IP_MULTICAST_IF, &loopback, sizeof loopback),
              0);
    auto group = resolve(udp("239.7.7.7", local_of(transport).port()));
    ASSERT_TRUE(group);
    sender.send("to the group", group->front());
    rig.run_until([&] { return recorder.received == std::vector<std::string>{"to the group"}; });

    settings.multicast = {{"ff15::7", "lo"}};
    const DatagramSocket six = bound(udp("::"), settings);
    EXPECT_EQ(six.family, AF_INET6);
    EXPECT_EQ(option(six, IPPROTO_IPV6, IPV6_V6ONLY), 1);
}

TEST(DatagramSocketTest, SaysWhatIsWrongAndWhatToDo) {
    const DatagramSocket taken = bound(udp());
    const auto local = SocketAddress::local_of(taken.descriptor.get());
    EXPECT_EQ(failure_of({udp(local), std::nullopt, {}}),
              "p.yaml:3:5: endpoints.x.bind: cannot bind to udp://" + local.text() +
                  ": Address already in use (another socket has it, perhaps on every address; find "
                  "it with ss -lunp)");
    EXPECT_EQ(failure_of({udp("192.0.2.77"), std::nullopt, {}}),
              "p.yaml:3:5: endpoints.x.bind: cannot bind to udp://192.0.2.77:0: Cannot assign "
              "requested address (no interface of this machine has that address)");
    EXPECT_EQ(failure_of({std::nullopt, udp("255.255.255.255", 9), {}}),
              "p.yaml:3:5: endpoints.x.bind: cannot connect to udp://255.255.255.255:9: Permission "
              "denied (a broadcast address needs socket: {broadcast: true})");
    model::SocketSettings settings;
    settings.multicast = {{"239.1.2.3", "no-such-0"}};
    EXPECT_EQ(failure_of({udp(), std::nullopt, settings}),
              "p.yaml:3:5: endpoints.x.bind: socket.multicast: there is no network interface "
              "\"no-such-0\"");
    settings.places.known["socket.multicast"] = "p.yaml:4:7: endpoints.x.socket.multicast";
    EXPECT_EQ(failure_of({udp(), std::nullopt, settings}),
              "p.yaml:4:7: endpoints.x.socket.multicast: there is no network interface "
              "\"no-such-0\"");
    model::SocketSettings from;
    from.local = model::Located<model::Address>{udp("192.0.2.77"), {}};
    from.places.known["socket.local"] = "p.yaml:9:7: endpoints.x.socket.local";
    EXPECT_EQ(failure_of({std::nullopt, udp("127.0.0.1", 9), from}),
              "p.yaml:9:7: endpoints.x.socket.local: cannot bind to udp://192.0.2.77:0: Cannot "
              "assign requested address (no interface of this machine has that address)");
    settings.places = {};
    settings.multicast = {{"ff15::7", ""}};
    EXPECT_EQ(failure_of({udp(), std::nullopt, settings}),
              "p.yaml:3:5: endpoints.x.bind: socket.multicast: ff15::7 is no group of the socket's "
              "family");
    model::Address stream = udp();
    stream.kind = model::Address::Kind::tcp;
    EXPECT_EQ(failure_of({stream, std::nullopt, {}}),
              "p.yaml:3:5: endpoints.x.bind: tcp://127.0.0.1:0 is no address of datagrams (use "
              "udp://HOST:PORT, unixgram:///PATH or unixgram:@NAME)");
    EXPECT_NE(failure_of({udp("no.such.name.invalid"), std::nullopt, {}})
                  .find("endpoints.x.bind: the name \"no.such.name.invalid\" does not resolve"),
              std::string::npos);
}

TEST(DatagramSocketTest, AdoptsDatagramSocketsOnly) {
    EXPECT_EQ(
        complaint(adopt_datagram_socket(
                      base::Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), "here"))
            .find("here: descriptor "),
        0U);
    EXPECT_NE(complaint(adopt_datagram_socket(
                            base::Descriptor(::open("/dev/null", O_RDWR | O_CLOEXEC)), "here"))
                  .find(" is no datagram socket"),
              std::string::npos);
    const auto adopted =
        adopt_datagram_socket(base::Descriptor(::socket(AF_INET, SOCK_DGRAM, 0)), "here");
    ASSERT_TRUE(adopted);
    EXPECT_FALSE(adopted->connected);
    EXPECT_NE(::fcntl(adopted->descriptor.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(DatagramSocketTest, TakesACopyOfADescriptorThatWasPassed) {
    const DatagramSocket passed = bound(udp());
    model::Address address;
    address.kind = model::Address::Kind::descriptor;
    address.descriptor = passed.descriptor.get();
    DatagramPeer peer;
    auto copy = open_datagram_socket({address, udp(peer.address()), {}}, "here");
    ASSERT_TRUE(copy) << complaint(copy);
    EXPECT_NE(copy->descriptor.get(), passed.descriptor.get());
    EXPECT_EQ(SocketAddress::local_of(copy->descriptor.get()),
              SocketAddress::local_of(passed.descriptor.get()));
    EXPECT_TRUE(copy->connected);
    address.descriptor = 9999;
    EXPECT_EQ(failure_of({address, std::nullopt, {}}),
              "p.yaml:3:5: endpoints.x.bind: there is no descriptor 9999 (whoever starts "
              "the daemon passes it)");
}

TEST_F(DatagramSocketFile, MakesAFileAndRemovesIt) {
    {
        model::SocketSettings settings;
        settings.mode = 0620;
        const DatagramSocket socket = bound(unixgram(path), settings);
        EXPECT_EQ(socket.family, AF_UNIX);
        struct stat made {};
        ASSERT_EQ(::lstat(path.c_str(), &made), 0);
        EXPECT_TRUE(S_ISSOCK(made.st_mode));
        EXPECT_EQ(made.st_mode & 07777, 0620U);
    }
    EXPECT_TRUE(std::filesystem::is_empty(folder)) << "the lock as well";
}

TEST_F(DatagramSocketFile, RemovesItWhenTheTransportEnds) {
    testing::DatagramRecorder recorder;
    testing::Rig rig;
    auto& transport = serve(rig, recorder, bound(unixgram(path)));
    EXPECT_TRUE(std::filesystem::exists(path));
    transport.close();
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_TRUE(std::filesystem::is_empty(folder));
}

TEST_F(DatagramSocketFile, ReplacesWhatNobodyServesAndNothingElse) {
    {
        DatagramPeer dead(base::Descriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)));
        const auto at = SocketAddress::of_unix(unixgram(path));
        ASSERT_EQ(::bind(dead.fd(), at->data(), at->size()), 0);
        EXPECT_NE(
            failure_of({unixgram(path), std::nullopt, {}}).find("is served by another process"),
            std::string::npos);
    }
    ASSERT_TRUE(std::filesystem::exists(path)) << "left behind";
    EXPECT_EQ(failure_of({unixgram(path), std::nullopt, {}}), "none");
    std::ofstream(path) << "precious";
    EXPECT_NE(failure_of({unixgram(path), std::nullopt, {}}).find("is no socket"),
              std::string::npos);
    EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(DatagramSocketFile, ServesAPathOnce) {
    const DatagramSocket first = bound(unixgram(path));
    EXPECT_NE(failure_of({unixgram(path), std::nullopt, {}}).find(path), std::string::npos);
    EXPECT_NE(failure_of({unixgram(std::string(200, 'p')), std::nullopt, {}})
                  .find("endpoints.x.bind: the name of a UNIX socket has 1 to 107 bytes"),
              std::string::npos);
}

TEST(DatagramSocketTest, GivesAUnixClientANameToAnswerTo) {
    DatagramPeer server(DatagramPeer::Kind::local);
    const DatagramSocket client = connected(server.address());
    EXPECT_EQ(SocketAddress::local_of(client.descriptor.get()).text().substr(0, 1), "@");
    const auto gone = unixgram_abstract("nobody-has-this-name");
    EXPECT_EQ(failure_of({std::nullopt, gone, {}}),
              "p.yaml:3:5: endpoints.x.bind: cannot connect to unixgram:@nobody-has-this-name: "
              "Connection refused");
}

}  // namespace
}  // namespace protohost::net

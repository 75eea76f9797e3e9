// SPDX-License-Identifier: MIT
#include "daemon/net/peer_name.hpp"

#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "daemon/base/descriptor.hpp"

namespace protohost::net {
namespace {

TEST(PeerName, KeepsAnIpAddressAsItWas) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(40000);
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(40001);
    v6.sin6_scope_id = 4000000;
    ASSERT_EQ(::inet_pton(AF_INET6, "fe80::7", &v6.sin6_addr), 1);
    for (const SocketAddress& address :
         {SocketAddress(&v4, sizeof v4), SocketAddress(&v6, sizeof v6)}) {
        const PeerName name(address);
        EXPECT_TRUE(name.address() == address);
        EXPECT_EQ(name.label(), address.text());
    }
}

TEST(PeerName, KeepsTheNameOfAUnixSocketAndOfAPipe) {
    sockaddr_un path{};
    path.sun_family = AF_UNIX;
    std::strcpy(path.sun_path, "/run/x.sock");
    const SocketAddress address(&path, sizeof path);
    EXPECT_TRUE(PeerName(address).address() == address);
    EXPECT_EQ(PeerName(address).label(), "/run/x.sock");

    const PeerName pipe(std::string("/run/x.fifo"));
    EXPECT_EQ(pipe.address().family(), AF_UNSPEC);
    EXPECT_EQ(pipe.label(), "/run/x.fifo");
}

TEST(PeerName, KeepsWhatAClientHasReached) {
    sockaddr_in far{};
    far.sin_family = AF_INET;
    far.sin_port = htons(40000);
    far.sin_addr.s_addr = htonl(0xC0000201);
    sockaddr_in near = far;
    near.sin_port = htons(443);
    const SocketAddress client(&far, sizeof far);
    const SocketAddress reached(&near, sizeof near);
    EXPECT_EQ(PeerName(client).reached().family(), AF_UNSPEC);
    PeerName name(client, reached);
    EXPECT_TRUE(name.address() == client);
    EXPECT_TRUE(name.reached() == reached);
    EXPECT_EQ(name.label(), "192.0.2.1:40000");
}

TEST(PeerName, OfAClientIsNeverTheProcessThatSpeaksForIt) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    const base::Descriptor ours(ends[0]);
    const base::Descriptor theirs(ends[1]);
    const auto unnamed = SocketAddress::peer_of(ours.get());
    PeerName name(unnamed, unnamed);
    name.identify(ours.get());
    EXPECT_EQ(name.label(), "an unnamed socket");
}

TEST(PeerName, CallsAnUnnamedSocketByItsProcessAndUser) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    const base::Descriptor ours(ends[0]);
    const base::Descriptor theirs(ends[1]);
    PeerName name(SocketAddress::peer_of(ours.get()));
    EXPECT_EQ(name.label(), "an unnamed socket") << "nobody has asked yet";
    name.identify(ours.get());
    EXPECT_EQ(
        name.label(),
        "unix (pid " + std::to_string(::getpid()) + " uid " + std::to_string(::getuid()) + ")");
    EXPECT_EQ(name.address().family(), AF_UNIX);
    EXPECT_EQ(name.address().text(), "") << "which is what asyncio says of it";
}

}  // namespace
}  // namespace protohost::net

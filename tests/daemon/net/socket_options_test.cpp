// SPDX-License-Identifier: MIT
#include "daemon/net/socket_options.hpp"

#include <cerrno>
#include <chrono>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "daemon/base/descriptor.hpp"
#include "daemon/net/socket_address.hpp"

namespace protohost::net {
namespace {

base::Descriptor open_socket(int family, int type = SOCK_STREAM) {
    return base::Descriptor(::socket(family, type | SOCK_CLOEXEC, 0));
}

int option(int fd, int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    EXPECT_EQ(::getsockopt(fd, level, name, &value, &size), 0);
    return value;
}

TEST(SocketOptions, AStreamGetsWhatTheConfigurationSays) {
    model::SocketSettings settings;
    settings.user_timeout = std::chrono::microseconds(1500);
    settings.send_buffer = 20000;
    settings.receive_buffer = 30000;
    for (const int family : {AF_INET, AF_INET6}) {
        const auto socket = open_socket(family);
        ASSERT_FALSE(apply_stream_options(socket.get(), family, settings));
        EXPECT_EQ(option(socket.get(), SOL_SOCKET, SO_KEEPALIVE), 1);
        EXPECT_EQ(option(socket.get(), IPPROTO_TCP, TCP_NODELAY), 1);
        EXPECT_EQ(option(socket.get(), IPPROTO_TCP, TCP_USER_TIMEOUT), 2) << "rounded up";
        // The kernel doubles what it is told, for its own books.
        EXPECT_EQ(option(socket.get(), SOL_SOCKET, SO_SNDBUF), 40000);
        EXPECT_EQ(option(socket.get(), SOL_SOCKET, SO_RCVBUF), 60000);
    }
}

TEST(SocketOptions, WhatIsOffOrZeroLeavesTheKernelsOwn) {
    const auto untouched = open_socket(AF_INET);
    const auto socket = open_socket(AF_INET);
    model::SocketSettings settings;
    settings.keepalive = false;
    settings.nodelay = false;
    ASSERT_FALSE(apply_stream_options(socket.get(), AF_INET, settings));
    for (const auto& [level, name] : {std::pair{SOL_SOCKET, SO_KEEPALIVE},
                                      {IPPROTO_TCP, TCP_NODELAY},
                                      {IPPROTO_TCP, TCP_USER_TIMEOUT},
                                      {SOL_SOCKET, SO_SNDBUF},
                                      {SOL_SOCKET, SO_RCVBUF}}) {
        EXPECT_EQ(option(socket.get(), level, name), option(untouched.get(), level, name));
    }
}

TEST(SocketOptions, WhatIsNoLongerSaidIsAsOfANewSocket) {
    model::SocketSettings former;
    former.user_timeout = std::chrono::seconds(1);
    former.send_buffer = 20000;
    former.receive_buffer = 30000;
    former.broadcast = true;
    model::SocketSettings settings;
    settings.keepalive = false;
    settings.nodelay = false;
    for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
        const auto fresh = open_socket(AF_INET, type);
        const auto socket = open_socket(AF_INET, type);
        const auto apply = type == SOCK_STREAM ? apply_stream_options : apply_datagram_options;
        ASSERT_FALSE(apply(socket.get(), AF_INET, former, untouched()));
        EXPECT_EQ(option(socket.get(), SOL_SOCKET, SO_SNDBUF), 40000);
        ASSERT_FALSE(apply(socket.get(), AF_INET, settings, former));
        for (const int name : {SO_KEEPALIVE, SO_SNDBUF, SO_RCVBUF, SO_BROADCAST, SO_BUF_LOCK}) {
            EXPECT_EQ(option(socket.get(), SOL_SOCKET, name),
                      option(fresh.get(), SOL_SOCKET, name));
        }
        if (type == SOCK_DGRAM) continue;
        EXPECT_EQ(option(socket.get(), IPPROTO_TCP, TCP_NODELAY), 0);
        EXPECT_EQ(option(socket.get(), IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
    }
}

TEST(SocketOptions, AUnixSocketHasBuffersAndNothingOfTcp) {
    model::SocketSettings settings;
    settings.user_timeout = std::chrono::seconds(1);
    settings.reuse_port = true;
    settings.send_buffer = 20000;
    const auto socket = open_socket(AF_UNIX);
    EXPECT_FALSE(apply_bind_options(socket.get(), AF_UNIX, SOCK_STREAM, settings));
    EXPECT_FALSE(apply_stream_options(socket.get(), AF_UNIX, settings));
    EXPECT_EQ(option(socket.get(), SOL_SOCKET, SO_SNDBUF), 40000);
    EXPECT_EQ(option(socket.get(), SOL_SOCKET, SO_KEEPALIVE), 0);
}

TEST(SocketOptions, OfBinding) {
    model::SocketSettings settings;
    const auto plain = open_socket(AF_INET6);
    ASSERT_FALSE(apply_bind_options(plain.get(), AF_INET6, SOCK_STREAM, settings));
    EXPECT_EQ(option(plain.get(), IPPROTO_IPV6, IPV6_V6ONLY), 1);
    EXPECT_EQ(option(plain.get(), SOL_SOCKET, SO_REUSEADDR), 1);
    EXPECT_EQ(option(plain.get(), SOL_SOCKET, SO_REUSEPORT), 0);

    settings.reuse_port = true;
    settings.ipv6_only = false;
    const auto shared = open_socket(AF_INET6, SOCK_DGRAM);
    ASSERT_FALSE(apply_bind_options(shared.get(), AF_INET6, SOCK_DGRAM, settings));
    EXPECT_EQ(option(shared.get(), IPPROTO_IPV6, IPV6_V6ONLY), 0);
    EXPECT_EQ(option(shared.get(), SOL_SOCKET, SO_REUSEADDR), 0) << "two would share the address";
    EXPECT_EQ(option(shared.get(), SOL_SOCKET, SO_REUSEPORT), 1);
}

TEST(SocketOptions, OfDatagrams) {
    model::SocketSettings settings;
    settings.broadcast = true;
    settings.receive_buffer = 30000;
    const auto socket = open_socket(AF_INET, SOCK_DGRAM);
    ASSERT_FALSE(apply_datagram_options(socket.get(), AF_INET, settings));
    EXPECT_EQ(option(socket.get(), SOL_SOCKET, SO_BROADCAST), 1);
    EXPECT_EQ(option(socket.get(), SOL_SOCKET, SO_RCVBUF), 60000);
}

TEST(SocketOptions, GroupsAreJoinedOnTheInterfaceThatIsNamed) {
    model::SocketSettings settings;
    settings.multicast = {{"239.255.7.7", "lo"}};
    const auto receiver = open_socket(AF_INET, SOCK_DGRAM);
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_ANY);
    ASSERT_EQ(::bind(receiver.get(), reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
    ASSERT_FALSE(join_multicast(receiver.get(), AF_INET, settings));
    EXPECT_EQ(option(receiver.get(), IPPROTO_IP, IP_MULTICAST_ALL), 0);

    const auto again = join_multicast(receiver.get(), AF_INET, settings);
    ASSERT_TRUE(again) << "it was not joined the first time";
    EXPECT_EQ(again->os_errno, EADDRINUSE);
    EXPECT_EQ(again->text(), "socket.multicast: Address already in use");
}

TEST(SocketOptions, ARefusalNamesTheKeyAndTheCause) {
    model::SocketSettings settings;
    settings.multicast = {{"239.255.7.7", "nosuch0"}};
    const auto socket = open_socket(AF_INET, SOCK_DGRAM);
    const auto nowhere = join_multicast(socket.get(), AF_INET, settings);
    ASSERT_TRUE(nowhere);
    EXPECT_EQ(nowhere->text(), "socket.multicast: there is no network interface \"nosuch0\"");

    settings.multicast = {{"ff15::7", ""}};
    const auto other_family = join_multicast(socket.get(), AF_INET, settings);
    ASSERT_TRUE(other_family);
    EXPECT_EQ(other_family->text(), "socket.multicast: ff15::7 is no group of the socket's family");

    const auto no_tcp = apply_stream_options(socket.get(), AF_INET, {});
    ASSERT_TRUE(no_tcp);
    EXPECT_EQ(no_tcp->key, "socket.nodelay");
    EXPECT_EQ(no_tcp->os_errno, ENOPROTOOPT);
}

}  // namespace
}  // namespace protohost::net

// SPDX-License-Identifier: MIT
#include "daemon/net/socket_address.hpp"

#include <arpa/inet.h>
#include <cstring>
#include <net/if.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>

#include <gtest/gtest.h>

#include "daemon/base/descriptor.hpp"

namespace protohost::net {
namespace {

using Kind = model::Address::Kind;

model::Address unix_address(Kind kind, std::string path) {
    return {.kind = kind, .host = {}, .path = std::move(path)};
}

SocketAddress ip(const char* host, std::uint16_t port, std::uint32_t scope = 0) {
    sockaddr_in v4{};
    if (::inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        return {&v4, sizeof v4};
    }
    sockaddr_in6 v6{};
    EXPECT_EQ(::inet_pton(AF_INET6, host, &v6.sin6_addr), 1);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    v6.sin6_scope_id = scope;
    return {&v6, sizeof v6};
}

TEST(SocketAddress, TextAndUriOfEachFamily) {
    struct Case {
        SocketAddress address;
        const char* text;
        const char* uri;
        const char* datagram_uri;
    };
    const Case cases[] = {
        {ip("127.0.0.1", 7007), "127.0.0.1:7007", "tcp://127.0.0.1:7007", "udp://127.0.0.1:7007"},
        {ip("::1", 7007), "[::1]:7007", "tcp://[::1]:7007", "udp://[::1]:7007"},
        {*SocketAddress::of_unix(unix_address(Kind::unix_path, "/run/x.sock")),
         "/run/x.sock",
         "unix:///run/x.sock",
         "unixgram:///run/x.sock"},
        {*SocketAddress::of_unix(unix_address(Kind::unixgram_abstract, "name")),
         "@name",
         "unix:@name",
         "unixgram:@name"}};
    for (const Case& each : cases) {
        EXPECT_EQ(each.address.text(), each.text);
        EXPECT_EQ(each.address.uri(), each.uri);
        EXPECT_EQ(each.address.uri(SOCK_DGRAM), each.datagram_uri);
    }
}

TEST(SocketAddress, ALinkLocalAddressSaysOnWhichLink) {
    EXPECT_EQ(ip("fe80::1", 80, ::if_nametoindex("lo")).text(), "[fe80::1%lo]:80");
    EXPECT_EQ(ip("fe80::1", 80, 4000000).text(), "[fe80::1%4000000]:80") << "the link has gone";
}

TEST(SocketAddress, TheKernelUnderstandsPathsAndAbstractNames) {
    const std::string name = "protohost-test-" + std::to_string(::getpid());
    for (const Kind kind : {Kind::unix_abstract, Kind::unix_path}) {
        const std::string path = kind == Kind::unix_path ? ::testing::TempDir() + name : name;
        const auto address = SocketAddress::of_unix(unix_address(kind, path));
        ASSERT_TRUE(address);
        const base::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        ASSERT_EQ(::bind(socket.get(), address->data(), address->size()), 0);
        ASSERT_EQ(::listen(socket.get(), 1), 0);
        const base::Descriptor client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        ASSERT_EQ(::connect(client.get(), address->data(), address->size()), 0);
        EXPECT_TRUE(SocketAddress::local_of(socket.get()) == *address);
        EXPECT_TRUE(SocketAddress::peer_of(client.get()) == *address);
        EXPECT_EQ(SocketAddress::peer_of(client.get()).path(), kind == Kind::unix_path ? path : "");
        const SocketAddress unnamed = SocketAddress::local_of(client.get());
        EXPECT_EQ(unnamed.family(), AF_UNIX);
        EXPECT_EQ(unnamed.text(), "");
        EXPECT_EQ(unnamed.path(), "");
        if (kind == Kind::unix_path) ::unlink(path.c_str());
    }
}

TEST(SocketAddress, APathMayFillTheWholeNameAndNotMore) {
    const std::string longest = "/" + std::string(106, 'p');
    const auto fits = SocketAddress::of_unix(unix_address(Kind::unix_path, longest));
    ASSERT_TRUE(fits);
    EXPECT_EQ(fits->path(), longest);
    const auto too_long = SocketAddress::of_unix(unix_address(Kind::unix_path, longest + "p"));
    ASSERT_FALSE(too_long);
    EXPECT_EQ(too_long.error().front().what,
              "the name of a UNIX socket has 1 to 107 bytes, and this one has 108");
    EXPECT_FALSE(SocketAddress::of_unix(unix_address(Kind::unix_path, "")));

    // Others may bind without the NUL at the end; the kernel then says one byte more than there is.
    SocketAddress full;
    sockaddr_un* const raw = reinterpret_cast<sockaddr_un*>(full.data());
    raw->sun_family = AF_UNIX;
    std::memset(raw->sun_path, 'q', sizeof raw->sun_path);
    *full.size_to_fill() = sizeof(sockaddr_un) + 1;
    EXPECT_EQ(full.size(), sizeof(sockaddr_un));
    EXPECT_EQ(full.path(), std::string(108, 'q'));
}

TEST(SocketAddress, APathIsTheSameWhetherItsEndIsCountedOrNot) {
    const auto path = SocketAddress::of_unix(unix_address(Kind::unix_path, "/run/a.sock"));
    ASSERT_TRUE(path);
    EXPECT_TRUE(SocketAddress(path->data(), path->size() - 1) == *path);
    sockaddr_un padded{};
    std::memcpy(&padded, path->data(), path->size());
    EXPECT_TRUE(SocketAddress(&padded, sizeof padded) == *path);
    EXPECT_FALSE(SocketAddress(path->data(), path->size() - 2) == *path);

    const auto name = SocketAddress::of_unix(unix_address(Kind::unix_abstract, "a"));
    ASSERT_TRUE(name);
    std::memcpy(&padded, name->data(), name->size());
    EXPECT_FALSE(SocketAddress(&padded, name->size() + 1) == *name) << "a NUL is part of a name";
}

TEST(SocketAddress, WhatIsNoAddressIsRecognised) {
    const SocketAddress good = ip("127.0.0.1", 7007);
    EXPECT_EQ(SocketAddress(good.data(), good.size()).text(), "127.0.0.1:7007");
    EXPECT_EQ(SocketAddress(good.data(), good.size() - 1).family(), AF_UNSPEC) << "cut off";
    EXPECT_EQ(SocketAddress(nullptr, 0).family(), AF_UNSPEC);
    EXPECT_EQ(SocketAddress(good.data(), 1).family(), AF_UNSPEC);
    const std::string large(sizeof(SocketAddress) + 100, '\1');
    EXPECT_EQ(SocketAddress(large.data(), large.size()).family(), AF_UNSPEC);
    const sockaddr unknown{AF_PACKET, {}};
    EXPECT_EQ(SocketAddress(&unknown, sizeof unknown).family(), AF_UNSPEC);
    EXPECT_EQ(SocketAddress().text(), "unknown");
    EXPECT_FALSE(good == ip("127.0.0.1", 7008));
    EXPECT_FALSE(good == SocketAddress());
    sockaddr_in padded{};
    std::memcpy(&padded, good.data(), sizeof padded);
    padded.sin_zero[3] = 'x';
    EXPECT_TRUE(SocketAddress(&padded, sizeof padded) == good) << "padding is no part of it";
}

TEST(SocketAddress, ANameCannotForgeALineOfTheLog) {
    const auto address =
        SocketAddress::of_unix(unix_address(Kind::unix_abstract, std::string("a\nb\0c", 5)));
    ASSERT_TRUE(address);
    EXPECT_EQ(address->text(), "@a\\nb\\x00c");
}

}  // namespace
}  // namespace protohost::net

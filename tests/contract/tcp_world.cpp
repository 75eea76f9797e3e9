// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <utility>

#include "daemon/net/socket_address.hpp"
#include "tests/contract/descriptor_world.hpp"

namespace protohost::contract {

Ends open_tcp() {
    const base::Descriptor listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listening.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listening.get(), 1), 0);
    const auto where = net::SocketAddress::local_of(listening.get());
    base::Descriptor theirs(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    keep_small(theirs.get());  // before the window is negotiated
    EXPECT_EQ(::connect(theirs.get(), where.data(), where.size()), 0);
    base::Descriptor ours(
        ::accept4(listening.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    EXPECT_TRUE(ours);
    keep_small(ours.get());
    const int on = 1;
    ::setsockopt(ours.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(theirs.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::fcntl(theirs.get(), F_SETFL, O_NONBLOCK);
    const auto peer = net::SocketAddress::peer_of(ours.get());
    return {std::move(ours), std::move(theirs), peer};
}

namespace {

void reset_tcp(int, base::Descriptor& theirs) {
    const linger now{1, 0};
    ::setsockopt(theirs.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    theirs.close();
}

constexpr DescriptorKind tcp{open_tcp, reset_tcp};
const auto kind = ::testing::Values(WorldKind{"tcp", world_over<tcp>});

INSTANTIATE_TEST_SUITE_P(Tcp, LifeContract, kind, name_of<World>);
INSTANTIATE_TEST_SUITE_P(Tcp, ReadContract, kind, name_of<World>);
INSTANTIATE_TEST_SUITE_P(Tcp, WriteContract, kind, name_of<World>);
INSTANTIATE_TEST_SUITE_P(Tcp, StreamContract, kind, name_of<World>);

}  // namespace
}  // namespace protohost::contract

// SPDX-License-Identifier: MIT
#include <array>
#include <sys/socket.h>
#include <utility>

#include "daemon/net/socket_address.hpp"
#include "tests/contract/descriptor_world.hpp"

namespace protohost::contract {
namespace {

Ends open_pair() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()), 0);
    keep_small(ends[0]);
    keep_small(ends[1]);
    const auto peer = net::SocketAddress::peer_of(ends[0]);
    return {base::Descriptor(ends[0]), base::Descriptor(ends[1]), peer};
}

void reset_pair(int ours, base::Descriptor& theirs) {
    // A UNIX socket is reset by one who closes it without having read everything.
    ::send(ours, "x", 1, MSG_NOSIGNAL);
    theirs.close();
}

constexpr DescriptorKind unix_pair{open_pair, reset_pair};
const auto kind = ::testing::Values(WorldKind{"unix", world_over<unix_pair>});

INSTANTIATE_TEST_SUITE_P(Unix, LifeContract, kind, name_of<World>);
INSTANTIATE_TEST_SUITE_P(Unix, ReadContract, kind, name_of<World>);
INSTANTIATE_TEST_SUITE_P(Unix, WriteContract, kind, name_of<World>);
INSTANTIATE_TEST_SUITE_P(Unix, StreamContract, kind, name_of<World>);

}  // namespace
}  // namespace protohost::contract

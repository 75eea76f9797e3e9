// SPDX-License-Identifier: MIT
#include <sys/socket.h>

#include "tests/contract/datagram_socket_world.hpp"

namespace protohost::contract {
namespace {

/// With an abstract name that the kernel chooses.
base::Descriptor open_unixgram() {
    base::Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const sa_family_t unnamed = AF_UNIX;
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&unnamed), sizeof unnamed), 0);
    return socket;
}

const auto unixgram = ::testing::Values(DatagramKind{"unixgram", datagrams_over<open_unixgram>});

INSTANTIATE_TEST_SUITE_P(Unixgram, DatagramContract, unixgram, name_of<DatagramWorld>);
INSTANTIATE_TEST_SUITE_P(Unixgram, DatagramFlowContract, unixgram, name_of<DatagramWorld>);

}  // namespace
}  // namespace protohost::contract

// SPDX-License-Identifier: MIT
#include <netinet/in.h>
#include <sys/socket.h>

#include "tests/contract/datagram_socket_world.hpp"

namespace protohost::contract {
namespace {

base::Descriptor open_udp() {
    base::Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return socket;
}

const auto udp = ::testing::Values(DatagramKind{"udp", datagrams_over<open_udp>});

INSTANTIATE_TEST_SUITE_P(Udp, DatagramContract, udp, name_of<DatagramWorld>);

}  // namespace
}  // namespace protohost::contract

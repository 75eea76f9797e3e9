// SPDX-License-Identifier: MIT
#include "tests/system/harness/free_port.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "daemon/base/descriptor.hpp"

namespace protohost::harness {

std::uint16_t free_port() {
    const base::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return bind_to_free_port(socket.get());
}

std::uint16_t bind_to_free_port(int socket) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(socket, generic, size), 0);
    EXPECT_EQ(::getsockname(socket, generic, &size), 0);
    return ntohs(address.sin_port);
}

}  // namespace protohost::harness

// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>

#include "daemon/net/socket_address.hpp"

#include <protohost/abi.h>

namespace protohost::net {

/// One datagram and the address of its other end, which may be {NULL, 0}. Borrowed.
struct Datagram {
    ph_addr address;
    const std::byte* data;
    std::size_t size;

    SocketAddress peer() const {
        return address.sa != nullptr ? SocketAddress(address.sa, address.len) : SocketAddress();
    }
};

/// As many as one system call takes.
constexpr std::size_t datagrams_per_call = 32;

/// What became of a row of datagrams: the first `count` of them were sent, and the next, if there
/// is one, was not for `os_errno`. EAGAIN: the kernel takes no more just now.
struct DatagramsSent {
    std::size_t count = 0;
    int os_errno = 0;
};

/// Sends in order, as many as the kernel takes, in few system calls. Never blocks. Refusals that
/// come back from a remote meanwhile are not told one by one: the kernel keeps the last.
DatagramsSent send_datagrams(int fd, std::span<const Datagram> datagrams);

}  // namespace protohost::net

// SPDX-License-Identifier: MIT
#pragma once

#include "daemon/base/descriptor.hpp"
#include "daemon/net/socket_address.hpp"

namespace protohost::net {

/// An open datagram socket, and who is at its other end.
struct DatagramSocket {
    base::Descriptor descriptor;
    int family = AF_UNSPEC;
    /// Where what has no address goes; AF_UNSPEC: nowhere.
    SocketAddress remote;
    /// To the remote, by the kernel: nothing else comes in. Not so where it is a broadcast address,
    /// because nobody answers from there.
    bool connected = false;
};

}  // namespace protohost::net

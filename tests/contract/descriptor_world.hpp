// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "daemon/base/descriptor.hpp"
#include "daemon/net/peer_name.hpp"
#include "daemon/net/stream_transport.hpp"
#include "tests/contract/contract_test.hpp"

namespace protohost::contract {

/// The two ends of something that carries bytes, both non-blocking, with little room between them.
struct Ends {
    base::Descriptor ours;
    base::Descriptor theirs;
    net::PeerName peer;
};

/// What tells one world over descriptors from another.
struct DescriptorKind {
    Ends (*open)();
    /// Breaks the connection: closes their end so that ours learns of an error.
    void (*reset)(int ours, base::Descriptor& theirs);
    net::Channel channel = net::Channel::socket;
};

/// The daemon's StreamTransport over descriptors of one kind.
std::unique_ptr<World> make_descriptor_world(const DescriptorKind& kind);

/// For a WorldKind, which takes no arguments.
template <const DescriptorKind& kind>
std::unique_ptr<World> world_over() {
    return make_descriptor_world(kind);
}

/// A connection over loopback.
Ends open_tcp();

/// The smallest buffers that the kernel gives, so that a statement fills them quickly.
void keep_small(int socket);

}  // namespace protohost::contract

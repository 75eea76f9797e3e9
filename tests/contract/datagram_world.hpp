// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/contract/world.hpp"

#include <protohost/address.hpp>
#include <protohost/protocol.hpp>
#include <protohost/testing/values.hpp>
#include <protohost/transport.hpp>

namespace protohost::contract {

/// The other ends of a datagram endpoint: a peer, and a stranger beside it.
class DatagramLink {
public:
    virtual ~DatagramLink() = default;

    virtual Address peer() = 0;
    virtual Address stranger() = 0;
    virtual void send(std::string_view data) = 0;
    virtual void send_as_stranger(std::string_view data) = 0;
    /// What has arrived at the peer and is not taken yet; never waits.
    virtual std::vector<std::string> receive() = 0;
    virtual std::vector<std::string> receive_as_stranger() = 0;

    /// Sends to the peer until the kernel takes no more, so that the last one waits.
    virtual void fill(DatagramTransport transport) = 0;
    /// What the kernel will reject with EMSGSIZE when it is sent next.
    virtual std::string too_long() = 0;
    /// From now on what is sent to the peer is refused.
    virtual void leave() = 0;

    /// The operator wants it to finish.
    virtual void drain() = 0;
};

/// A loop with datagram endpoints of one kind.
class DatagramWorld : public LoopWorld {
public:
    using WriteBuffer = protohost::testing::WriteBuffer;

    /// An endpoint without a remote. Lives as long as the world.
    virtual DatagramLink& bind(std::unique_ptr<BaseProtocol> protocol,
                               const WriteBuffer& limits) = 0;
    /// One whose remote is the peer.
    virtual DatagramLink& connect(std::unique_ptr<BaseProtocol> protocol,
                                  const WriteBuffer& limits) = 0;

    /// Callbacks that failed: "datagram_received: what was thrown".
    virtual std::vector<std::string> failures() = 0;
};

using DatagramKind = Kind<DatagramWorld>;

}  // namespace protohost::contract

// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>

#include "daemon/net/stream_transport.hpp"
#include "daemon/net/timing_wheel.hpp"

namespace protohost::net {

/// `timeouts.idle` of one transport, from its making on.
class StreamTransport::IdleTimeout final : private TimingWheel::Entry {
public:
    IdleTimeout(StreamTransport& transport, std::chrono::nanoseconds timeout);
    ~IdleTimeout() override { wheel_.cancel(*this); }

    /// A byte went either way.
    void moved() { moved_ = wheel_.now(); }

private:
    void due() override;

    StreamTransport& transport_;
    TimingWheel& wheel_;
    const std::chrono::nanoseconds timeout_;
    TimingWheel::Tick moved_;
};

/// `timeouts.write_stall` of one transport. While bytes wait, each tick asks the kernel what has
/// left: a socket with a large buffer calls itself writable only when a good part of that is free,
/// which a slow peer may take long for.
class StreamTransport::StallTimeout final : private TimingWheel::Entry {
public:
    StallTimeout(StreamTransport& transport, std::chrono::nanoseconds timeout);
    ~StallTimeout() override { wheel_.cancel(*this); }

    /// Whether bytes wait for the peer.
    void waits(bool waiting);
    /// The kernel took some, because it had room.
    void taken() { taken_ = wheel_.now(); }

private:
    void due() override;
    /// Bytes that the kernel has taken and the peer has not; of descriptors that do not say, 0.
    int unsent() const;

    StreamTransport& transport_;
    TimingWheel& wheel_;
    const std::chrono::nanoseconds timeout_;
    TimingWheel::Tick taken_ = 0;
    int unsent_ = 0;
    bool waiting_ = false;
};

}  // namespace protohost::net

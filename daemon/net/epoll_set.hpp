// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <sys/epoll.h>

#include "daemon/base/descriptor.hpp"

namespace protohost::net {

/// Whatever has a descriptor in the set. Pinned: the kernel holds its address.
class EventSink {
public:
    EventSink() = default;
    EventSink(const EventSink&) = delete;
    EventSink& operator=(const EventSink&) = delete;
    virtual ~EventSink() = default;

    /// EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR.
    virtual void on_events(std::uint32_t events) = 0;
};

/// A level-triggered epoll set. The kernel remembers what everyone waits for, so that a message
/// costs a recv and a send and nothing else: no wait to arm, and no buffer to keep per connection.
class EpollSet {
public:
    EpollSet();

    /// Changes what `fd` waits for from `before` to `after` (EPOLLIN, EPOLLOUT); 0 is outside the
    /// set. A set reports EPOLLHUP unasked, so whoever wants nothing must not be in it, or a peer's
    /// reset would spin the loop. Returns 0 or an errno; leaving never fails.
    int change(int fd, std::uint32_t before, std::uint32_t after, EventSink& sink);

    /// What is ready, after at most `milliseconds`, -1 for however long it takes. Nothing: the time
    /// is over, or a signal came. Valid until the next wait.
    std::span<const epoll_event> wait(int milliseconds);

private:
    base::Descriptor epoll_;
    std::array<epoll_event, 256> events_;
};

}  // namespace protohost::net

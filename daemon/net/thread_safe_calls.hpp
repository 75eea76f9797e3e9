// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "daemon/base/descriptor.hpp"
#include "daemon/net/epoll_set.hpp"

namespace protohost::net {

/// What other threads want done on the loop, and the eventfd that wakes it for them.
class ThreadSafeCalls final : public EventSink {
public:
    /// Throws std::system_error.
    explicit ThreadSafeCalls(EpollSet& set);

    /// [any]
    void put(std::function<void()> call);

private:
    void on_events(std::uint32_t events) override;

    base::Descriptor wake_;
    std::mutex mutex_;
    std::vector<std::function<void()>> waiting_;
};

}  // namespace protohost::net

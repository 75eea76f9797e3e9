// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "daemon/net/loop.hpp"

namespace protohost::unit {

/// Where other threads put what only the loop may do.
class HandOver : public std::enable_shared_from_this<HandOver> {
public:
    /// `loop` outlives this.
    explicit HandOver(net::Loop& loop) : loop_(loop) {}
    HandOver(const HandOver&) = delete;
    HandOver& operator=(const HandOver&) = delete;

    /// [any] `work` is done in a turn of the loop of its own, so with no code of a plugin on the
    /// stack; in the order it came. Once this is closed, it is destroyed instead.
    void put(std::function<void()> work);

    /// [loop] Does at once what waits, and what that brings about.
    void settle();
    /// [loop] Nothing is done any more.
    void close();

    bool on_loop_thread() const { return loop_.on_loop_thread(); }

private:
    net::Loop& loop_;
    std::mutex mutex_;
    std::vector<std::function<void()>> waiting_;  // guarded by mutex_
    bool closed_ = false;                         // guarded by mutex_
};

}  // namespace protohost::unit

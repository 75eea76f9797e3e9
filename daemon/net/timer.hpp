// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include <boost/asio/steady_timer.hpp>

#include "daemon/net/loop.hpp"

namespace protohost::net {

/// One deadline. Never early; and once it is cancelled, started anew or destroyed, the old callback
/// is not called, not even where Asio had already queued it.
class Timer {
public:
    explicit Timer(Loop& loop) : timer_(loop.io()) {}
    ~Timer() { cancel(); }
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    void start(std::chrono::steady_clock::time_point when, std::function<void()> expired);
    void start(std::chrono::nanoseconds delay, std::function<void()> expired) {
        start(std::chrono::steady_clock::now() + delay, std::move(expired));
    }
    void cancel();
    bool running() const { return expired_ != nullptr; }

private:
    boost::asio::steady_timer timer_;
    std::shared_ptr<std::function<void()>> expired_;
};

}  // namespace protohost::net

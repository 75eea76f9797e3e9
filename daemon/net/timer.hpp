// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <utility>

#include "daemon/net/loop.hpp"

namespace protohost::net {

/// One deadline. Never early; and once it is cancelled, started anew or destroyed, the old callback
/// is not called, not even where its time had come already. [loop]
class Timer final : private TimerQueue::Entry {
public:
    explicit Timer(Loop& loop) : loop_(loop) {}
    ~Timer() override = default;
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    void start(std::chrono::steady_clock::time_point when, std::function<void()> expired) {
        expired_ = std::move(expired);
        loop_.timers().add(*this, when);
    }
    void start(std::chrono::nanoseconds delay, std::function<void()> expired) {
        start(std::chrono::steady_clock::now() + delay, std::move(expired));
    }
    void cancel() {
        unlink();
        expired_ = nullptr;
    }
    bool running() const { return is_linked(); }

private:
    void expired() override {
        // It may destroy this, or start it anew.
        const auto callback = std::exchange(expired_, nullptr);
        callback();
    }

    Loop& loop_;
    std::function<void()> expired_;
};

}  // namespace protohost::net

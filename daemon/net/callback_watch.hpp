// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "daemon/net/loop.hpp"

namespace protohost::net {

/// Names the callback that holds the loop for longer than a limit, as asyncio's debug mode does
/// with `slow_callback_duration`: while it goes on, so that one that never returns is named too,
/// and once more when it has returned. It costs a lock for each callback, and a thread.
class CallbackWatch {
public:
    /// asyncio's default.
    static constexpr std::chrono::milliseconds default_limit{100};

    /// `say` is called on the watch's own thread, and on the loop's.
    CallbackWatch(std::chrono::milliseconds limit, std::function<void(std::string)> say);
    ~CallbackWatch();
    CallbackWatch(const CallbackWatch&) = delete;
    CallbackWatch& operator=(const CallbackWatch&) = delete;

    /// [loop] `what` is "listener echo: 10.0.0.1:4711: plugin echo: data_received".
    void begin(std::string what);
    /// [loop]
    void end();
    /// [loop] Between the two.
    bool watches() const { return watches_; }

private:
    using Clock = std::chrono::steady_clock;

    void look();
    std::string says(std::string_view how, Clock::duration since) const;

    const std::chrono::milliseconds limit_;
    const std::function<void(std::string)> say_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::string what_;           // guarded by mutex_; empty: no callback runs
    Clock::time_point began_{};  // guarded by mutex_
    bool told_ = false;          // guarded by mutex_
    bool over_ = false;          // guarded by mutex_
    bool watches_ = false;       // [loop]
    std::thread thread_;
};

/// One callback, where the loop has a watch. Of those inside each other only the outermost counts:
/// it is what holds the loop.
class WatchedCallback {
public:
    /// `who` makes the text for CallbackWatch::begin(), and is asked only where it is needed.
    template <class F>
    WatchedCallback(Loop& loop, const F& who) : watch_(loop.callback_watch()) {
        if (watch_ != nullptr) [[unlikely]] {
            begin(who);
        }
    }
    ~WatchedCallback() {
        if (watch_ != nullptr) [[unlikely]] {
            watch_->end();
        }
    }
    WatchedCallback(const WatchedCallback&) = delete;
    WatchedCallback& operator=(const WatchedCallback&) = delete;

private:
    template <class F>
    [[gnu::noinline, gnu::cold]] void begin(const F& who) {
        if (watch_->watches()) {
            watch_ = nullptr;
        } else {
            watch_->begin(who());
        }
    }

    CallbackWatch* watch_;
};

}  // namespace protohost::net

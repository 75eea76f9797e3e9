// SPDX-License-Identifier: MIT
#include "daemon/net/callback_watch.hpp"

#include <utility>

#include "daemon/base/format.hpp"

namespace protohost::net {

CallbackWatch::CallbackWatch(std::chrono::milliseconds limit, std::function<void(std::string)> say)
    : limit_(limit), say_(std::move(say)), thread_([this] { look(); }) {}

CallbackWatch::~CallbackWatch() {
    {
        const std::lock_guard lock(mutex_);
        over_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void CallbackWatch::begin(std::string what) {
    watches_ = true;
    const std::lock_guard lock(mutex_);
    what_ = std::move(what);
    began_ = Clock::now();
    told_ = false;
}

void CallbackWatch::end() {
    watches_ = false;
    std::string text;
    {
        const std::lock_guard lock(mutex_);
        const auto took = Clock::now() - began_;
        if (took > limit_) text = says("has held", took);
        what_.clear();
    }
    if (!text.empty()) say_(std::move(text));
}

std::string CallbackWatch::says(std::string_view how, Clock::duration since) const {
    return base::format(
        "{} {} the loop for {} ms; all others wait meanwhile (run_in_executor is for "
        "what blocks)",
        what_,
        how,
        std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
}

void CallbackWatch::look() {
    std::unique_lock lock(mutex_);
    while (!over_) {
        // Late by half of the limit at most, and nobody has to wake it.
        changed_.wait_for(lock, limit_ / 2, [this] { return over_; });
        const auto since = Clock::now() - began_;
        if (what_.empty() || told_ || since <= limit_) continue;
        told_ = true;
        std::string text = says("holds", since);
        lock.unlock();
        say_(std::move(text));
        lock.lock();
    }
}

}  // namespace protohost::net

// SPDX-License-Identifier: MIT
#include "daemon/net/timer.hpp"

#include <utility>

namespace protohost::net {

void Timer::start(std::chrono::steady_clock::time_point when, std::function<void()> expired) {
    expired_ = std::make_shared<std::function<void()>>(std::move(expired));
    timer_.expires_at(when);
    timer_.async_wait([this, alive = std::weak_ptr(expired_)](boost::system::error_code) {
        // Gone: cancelled, replaced, or `this` destroyed.
        const auto callback = alive.lock();
        if (callback == nullptr) return;
        expired_.reset();
        (*callback)();
    });
}

void Timer::cancel() {
    expired_.reset();
    timer_.cancel();
}

}  // namespace protohost::net

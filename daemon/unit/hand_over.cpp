// SPDX-License-Identifier: MIT
#include "daemon/unit/hand_over.hpp"

#include <utility>

namespace protohost::unit {

void HandOver::put(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    waiting_.push_back(std::move(work));
    if (waiting_.size() > 1) return;
    loop_.call_soon_threadsafe([weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->settle();
    });
}

void HandOver::settle() {
    while (true) {
        std::vector<std::function<void()>> arrived;
        {
            const std::lock_guard lock(mutex_);
            arrived.swap(waiting_);
        }
        if (arrived.empty()) return;
        for (const auto& work : arrived) work();
    }
}

void HandOver::close() {
    std::vector<std::function<void()>> dropped;
    const std::lock_guard lock(mutex_);
    closed_ = true;
    dropped.swap(waiting_);
}

}  // namespace protohost::unit

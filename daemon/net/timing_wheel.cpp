// SPDX-License-Identifier: MIT
#include "daemon/net/timing_wheel.hpp"

#include <algorithm>
#include <bit>

namespace protohost::net {

TimingWheel::Tick TimingWheel::ticks(std::chrono::nanoseconds duration) const {
    const std::chrono::nanoseconds tick = tick_;
    return static_cast<Tick>((duration.count() + tick.count() - 1) / tick.count());
}

void TimingWheel::schedule(Entry& entry, Tick when) {
    if (entry.is_linked()) {
        if (entry.when_ <= when) return;
        entry.unlink();
    } else {
        ++entries_;
    }
    entry.when_ = when;
    slots_[when % slots].push_back(entry);
    if (!timer_.running()) start();
}

void TimingWheel::cancel(Entry& entry) {
    if (!entry.is_linked()) return;
    entry.unlink();
    if (--entries_ == 0) timer_.cancel();
}

void TimingWheel::start() {
    timer_.start(tick_, [this] { ticked(); });
}

void TimingWheel::ticked() {
    ++now_;
    Slot visited;
    visited.swap(slots_[now_ % slots]);
    while (!visited.empty()) {
        Entry& entry = visited.front();
        visited.pop_front();
        if (entry.when_ == now_) {
            --entries_;
            entry.due();
        } else {
            slots_[now_ % slots].push_back(entry);  // a later round's
        }
    }
    if (entries_ != 0 && !timer_.running()) start();
}

TimingWheel& TimingWheels::of(std::chrono::nanoseconds timeout) {
    const auto eighth = std::chrono::duration_cast<std::chrono::milliseconds>(timeout / 8);
    const auto most = static_cast<std::uint64_t>(std::max<std::int64_t>(eighth.count(), 1));
    const auto index = std::min(longest, static_cast<std::size_t>(std::bit_width(most)) - 1);
    auto& wheel = wheels_[index];
    if (wheel == nullptr) {
        wheel = std::make_unique<TimingWheel>(loop_, std::chrono::milliseconds(1 << index));
    }
    return *wheel;
}

}  // namespace protohost::net

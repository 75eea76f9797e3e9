// SPDX-License-Identifier: MIT
#include "daemon/supervisor/stop_order.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace protohost::supervisor {

void StopOrder::add(unit::Unit& unit, std::function<void()> stopped) {
    waiting_.push_back({&unit, std::move(stopped)});
}

bool StopOrder::is_needed(const unit::Unit& unit) const {
    const auto needs = [&](const unit::Unit* other) { return other->depends_on(unit.name()); };
    return std::any_of(stopping_.begin(), stopping_.end(), needs) ||
           std::any_of(waiting_.begin(), waiting_.end(), [&](const Waiting& other) {
               return needs(other.unit);
           });
}

void StopOrder::stop_whom_nobody_needs() {
    for (std::size_t i = 0; i < waiting_.size();) {
        if (is_needed(*waiting_[i].unit)) {
            ++i;
        } else {
            stop(i);
        }
    }
}

void StopOrder::stop_all() {
    while (!waiting_.empty()) stop(waiting_.size() - 1);
}

void StopOrder::stop(std::size_t index) {
    Waiting next = std::move(waiting_[index]);
    waiting_.erase(std::next(waiting_.begin(), static_cast<std::ptrdiff_t>(index)));
    stopping_.push_back(next.unit);
    next.unit->stop([this, unit = next.unit, stopped = std::move(next.stopped)] {
        std::erase(stopping_, unit);
        stopped();
        stop_whom_nobody_needs();
    });
}

}  // namespace protohost::supervisor

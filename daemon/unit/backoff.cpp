// SPDX-License-Identifier: MIT
#include "daemon/unit/backoff.hpp"

#include <algorithm>

namespace protohost::unit {

std::chrono::nanoseconds Backoff::next() {
    const bool first = pause_.count() == 0;
    // Half of max first: twice the pause may be more than the type can hold.
    pause_ = first                            ? settings_.initial
             : pause_ >= settings_.max / 2 ? settings_.max
                                              : pause_ * 2;
    pause_ = std::min(pause_, settings_.max);
    std::uniform_real_distribution<double> share(1.0 - settings_.jitter, 1.0);
    const auto shortened = static_cast<double>(pause_.count()) * share(random_);
    return std::chrono::nanoseconds(static_cast<std::chrono::nanoseconds::rep>(shortened));
}

}  // namespace protohost::unit

// SPDX-License-Identifier: MIT
#include "tests/system/harness/round_trips.hpp"

#include <algorithm>
#include <numeric>

#include <gtest/gtest.h>

namespace protohost::harness {

bool RoundTrips::play(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        if (!client_.echoes("a message of some length, as many have")) {
            ADD_FAILURE() << "no answer after " << taken_.size() << " round trips";
            return false;
        }
        taken_.push_back(std::chrono::steady_clock::now() - begin);
    }
    return true;
}

std::chrono::microseconds RoundTrips::percentile(double share) const {
    auto sorted = taken_;
    const auto at = static_cast<std::ptrdiff_t>(static_cast<double>(sorted.size() - 1) * share);
    std::nth_element(sorted.begin(), sorted.begin() + at, sorted.end());
    return std::chrono::duration_cast<std::chrono::microseconds>(
        sorted[static_cast<std::size_t>(at)]);
}

std::size_t RoundTrips::slower_than(std::chrono::microseconds bound) const {
    return static_cast<std::size_t>(
        std::count_if(taken_.begin(), taken_.end(), [bound](auto taken) { return taken > bound; }));
}

std::chrono::microseconds RoundTrips::total() const {
    return std::chrono::duration_cast<std::chrono::microseconds>(
        std::accumulate(taken_.begin(), taken_.end(), std::chrono::steady_clock::duration{}));
}

}  // namespace protohost::harness

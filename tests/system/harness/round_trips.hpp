// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <utility>
#include <vector>

#include "tests/system/harness/client.hpp"

namespace protohost::harness {

/// How long an echo server takes to answer, one message after the other.
class RoundTrips {
public:
    explicit RoundTrips(Client client) : client_(std::move(client)) {}

    /// So many more; false, and a failed test, where the connection broke.
    bool play(std::size_t count);

    std::size_t count() const { return taken_.size(); }
    /// Which `share` of them was not slower than; 0.99, say.
    std::chrono::microseconds percentile(double share) const;
    /// How many of them were slower.
    std::size_t slower_than(std::chrono::microseconds bound) const;
    /// What they took together.
    std::chrono::microseconds total() const;

private:
    Client client_;
    std::vector<std::chrono::steady_clock::duration> taken_;
};

}  // namespace protohost::harness

// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <random>

#include "daemon/model/configuration.hpp"

namespace protohost::unit {

/// The pauses of `reconnect:`. Each is twice the one before, from `initial` to `max`, shortened by up to
/// `jitter` of it, so that the clients of a server that was restarted do not all come back at once.
class Backoff {
public:
    explicit Backoff(const model::Reconnect& settings, std::uint32_t seed = std::random_device{}())
        : settings_(settings), random_(seed) {}

    /// The pause before the next attempt.
    std::chrono::nanoseconds next();

    /// Begins anew at `initial`.
    void reset() { pause_ = {}; }

private:
    model::Reconnect settings_;
    std::chrono::nanoseconds pause_{0};
    std::minstd_rand random_;
};

}  // namespace protohost::unit

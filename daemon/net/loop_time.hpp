// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>

namespace protohost::net {

/// Loop time as the border has it: nanoseconds of the monotonic clock.
inline std::uint64_t loop_time(std::chrono::steady_clock::time_point when) {
    return static_cast<std::uint64_t>(std::chrono::nanoseconds(when.time_since_epoch()).count());
}

}  // namespace protohost::net

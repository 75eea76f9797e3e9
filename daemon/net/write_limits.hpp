// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "daemon/model/configuration.hpp"

#include <protohost/abi.h>

namespace protohost::net {

/// The watermarks of one transport, and its unit's hard limit.
class WriteLimits {
public:
    explicit WriteLimits(const model::WriteBuffer& unit) : unit_(unit) {}

    std::uint64_t high() const { return high_; }
    std::uint64_t low() const { return low_; }
    std::uint64_t limit() const { return unit_.limit; }
    bool aborts() const { return unit_.policy == model::WriteBuffer::Policy::abort; }

    /// asyncio's rules; -1 is its None.
    ph_status set(std::int64_t high, std::int64_t low) {
        if (high < -1 || low < -1) return PH_E_INVAL;
        std::uint64_t new_high = unit_.high;
        std::uint64_t new_low = unit_.low;
        if (high >= 0) new_high = static_cast<std::uint64_t>(high);
        if (low >= 0) new_low = static_cast<std::uint64_t>(low);
        if (high >= 0 && low < 0) new_low = new_high / 4;
        if (high < 0 && low >= 0) new_high = new_low * 4;
        if (new_high < new_low) return PH_E_INVAL;
        high_ = new_high;
        low_ = new_low;
        return PH_OK;
    }

    /// The unit's have changed. Watermarks that the protocol has set itself stay.
    void retune(const model::WriteBuffer& unit) {
        const bool own = high_ != unit_.high || low_ != unit_.low;
        unit_ = unit;
        if (!own) reset();
    }
    /// Back to the unit's.
    void reset() {
        high_ = unit_.high;
        low_ = unit_.low;
    }

private:
    model::WriteBuffer unit_;
    std::uint64_t high_ = unit_.high;
    std::uint64_t low_ = unit_.low;
};

}  // namespace protohost::net

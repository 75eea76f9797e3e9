// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/base/counted.hpp"

namespace protohost::base {

/// For what strangers can cause as often as they like: one line a second at most, which says how
/// many there would have been.
class Seldom {
public:
    using Clock = std::chrono::steady_clock;
    static constexpr std::chrono::seconds between_lines{1};

    /// What to add to the line for something that happens now: "", or ", and 3 failures before that
    /// were not logged". nullopt: no line for it. `noun` is in the singular.
    std::optional<std::string> admit(std::string_view noun, Clock::time_point now = Clock::now()) {
        if (last_ && now - *last_ < between_lines) {
            ++silent_;
            return std::nullopt;
        }
        last_ = now;
        const std::size_t silent = std::exchange(silent_, 0);
        if (silent == 0) return std::string();
        return format(", and {} before that were not logged", counted(silent, noun));
    }

private:
    std::optional<Clock::time_point> last_;
    std::size_t silent_ = 0;
};

}  // namespace protohost::base

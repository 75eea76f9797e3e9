// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace protohost::unit {

/// The last of what somebody has written, and never more: what comes pushes out what was first.
class OutputRing {
public:
    static constexpr std::size_t capacity = std::size_t{64} * 1024;

    void append(std::string_view bytes);

    /// How much was written since the beginning.
    std::uint64_t end() const { return end_; }

    struct Part {
        std::string text;
        std::uint64_t end = 0;      ///< where the next part begins
        std::uint64_t skipped = 0;  ///< bytes that were there between, and are gone
    };
    /// What came after the first `from` bytes.
    Part since(std::uint64_t from) const;
    /// The last lines that are kept, `count` at most.
    Part last_lines(std::size_t count) const;

private:
    std::string kept_;  ///< capacity, once there is anything; byte i is at i modulo that
    std::uint64_t end_ = 0;
};

}  // namespace protohost::unit

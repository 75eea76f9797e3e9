// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/base/log.hpp"
#include "daemon/unit/output_ring.hpp"

#include <protohost/abi.h>

namespace protohost::unit {

/// The protocol of a subprocess that has no other: what it writes is logged line by line, in an
/// area of its own, and the last of it is kept. It reads on however much comes, so that nobody
/// blocks on his log; lines beyond `lines_per_second` are counted instead of logged. [loop]
class LineLog {
public:
    static constexpr unsigned lines_per_second = 100;
    static constexpr unsigned burst = 1000;
    /// A longer line is logged in pieces.
    static constexpr std::size_t longest_line = 4096;

    explicit LineLog(const std::string& unit);
    LineLog(const LineLog&) = delete;
    LineLog& operator=(const LineLog&) = delete;

    /// This outlives whoever has it.
    ph_proto protocol();

    const OutputRing& output() const { return output_; }
    std::uint64_t dropped_lines() const { return dropped_; }

    /// What protocol() is told. `number` is that of the descriptor.
    void received(int number, std::string_view bytes);
    void ended(int number);

private:
    static const ph_subprocess_ops ops;

    std::string& begun(int number) { return begun_[number == 2 ? 1 : 0]; }
    void refill();
    /// Counts the whole lines that `bytes` begins with, and returns how long they are.
    std::size_t drop_lines(std::string_view bytes);
    void drop(std::uint64_t lines);
    void line(std::string_view text);
    void tell_dropped();

    const std::string unit_;
    const base::Log log_;
    OutputRing output_;
    std::array<std::string, 2> begun_;  ///< of 1 and 2, a line that has not ended
    double allowance_ = burst;
    std::chrono::steady_clock::time_point refilled_;
    std::uint64_t dropped_ = 0;
    std::uint64_t untold_ = 0;
};

}  // namespace protohost::unit

// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "daemon/base/log.hpp"

namespace protohost::base {

/// One message on its way out.
struct LogLine {
    std::chrono::system_clock::time_point time;
    Level level;
    std::string_view area;
    std::string_view message;
    LogFields about{};
};

/// "2026-11-25T17:04:05.678Z warn  unit: message\n".
std::string text_line(const LogLine& line);
/// Where the word of the level stands in it.
inline constexpr std::size_t level_column = 25;
inline constexpr std::size_t level_width = 5;

/// One JSON object, and a line break.
std::string json_line(const LogLine& line);

/// The fields of an entry of the journal, each "NAME=value\n": its native protocol. No value has a
/// line break in it.
std::string journal_entry(const LogLine& line);

}  // namespace protohost::base

// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>

namespace protohost::base {

/// "2026-11-25T17:04:05.678Z": UTC, to the millisecond, so that lines of several hosts sort
/// together. [any]
std::string timestamp(std::chrono::system_clock::time_point when);

}  // namespace protohost::base

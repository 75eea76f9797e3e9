// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "daemon/config/kind.hpp"
#include "daemon/config/read_account.hpp"
#include "daemon/config/readers.hpp"
#include "daemon/config/shapes.hpp"
#include "daemon/config/writers.hpp"
#include "daemon/model/value.hpp"

// The kinds of value that several keys have. A kind that one key alone has is where the key is
// read.

namespace protohost::config::kinds {

using Duration = std::chrono::nanoseconds;
using Path = model::Located<std::string>;

inline constexpr Kind<bool> boolean{model::read_boolean, write_boolean, boolean_shape};
inline constexpr Kind<std::uint64_t> count{read_count, write_count, count_shape};
inline constexpr Kind<std::uint64_t> count_above_zero{
    read_count_above_zero, write_count, count_above_zero_shape};
inline constexpr Kind<std::uint64_t> size{model::read_size, write_size, size_shape};
inline constexpr Kind<Duration> timeout{read_timeout, write_duration, duration_shape};
inline constexpr Kind<Duration> timeout_above_zero{
    read_timeout_above_zero, write_duration, duration_above_zero_shape};
inline constexpr Kind<Duration> timeout_or_none{
    read_timeout_or_none, write_duration, duration_shape};
inline constexpr Kind<Path> path{read_path, write_path, path_shape};
inline constexpr Kind<std::string> account{read_account, write_text, account_shape};

}  // namespace protohost::config::kinds

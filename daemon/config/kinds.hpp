// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "daemon/config/kind.hpp"
#include "daemon/config/read_account.hpp"
#include "daemon/config/readers.hpp"
#include "daemon/config/writers.hpp"
#include "daemon/model/value.hpp"

// The kinds of value that several keys have. A kind that one key alone has is where the key is
// read.

namespace protohost::config::kinds {

inline constexpr Kind<bool> boolean{model::read_boolean, write_boolean};
inline constexpr Kind<std::uint64_t> count{read_count, write_count};
inline constexpr Kind<std::uint64_t> count_above_zero{read_count_above_zero, write_count};
inline constexpr Kind<std::uint64_t> size{model::read_size, write_size};
inline constexpr Kind<std::chrono::nanoseconds> timeout{read_timeout, write_duration};
inline constexpr Kind<std::chrono::nanoseconds> timeout_above_zero{read_timeout_above_zero,
                                                                   write_duration};
inline constexpr Kind<std::chrono::nanoseconds> timeout_or_none{read_timeout_or_none,
                                                                write_duration};
inline constexpr Kind<model::Located<std::string>> path{read_path, write_path};
inline constexpr Kind<std::string> account{read_account, write_text};
/// Who uses it looks for himself.
inline constexpr Kind<model::Node> as_it_is{read_node, write_node};

}  // namespace protohost::config::kinds

// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "daemon/base/format.hpp"

namespace protohost::base {

/// "1 process", "2 processes": a number for people.
inline std::string counted(std::size_t count, std::string_view one, std::string_view more) {
    return format("{} {}", count, count == 1 ? one : more);
}

/// "1 connection", "2 connections": with a noun that only takes an s.
inline std::string counted(std::size_t count, std::string_view what) {
    return format("{} {}{}", count, what, count == 1 ? "" : "s");
}

}  // namespace protohost::base

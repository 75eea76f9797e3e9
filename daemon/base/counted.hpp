// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "daemon/base/format.hpp"

namespace protohost::base {

/// "1 connection", "2 connections": a number for people, with a noun that only takes an s.
inline std::string counted(std::size_t count, std::string_view what) {
    return format("{} {}{}", count, what, count == 1 ? "" : "s");
}

}  // namespace protohost::base

// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/core.h>

namespace protohost::base {

/// std::format arrives with a later standard library; until then this is the one name for it.
using fmt::format;
using fmt::format_string;

}  // namespace protohost::base

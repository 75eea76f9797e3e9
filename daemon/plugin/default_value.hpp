// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "daemon/model/node.hpp"

namespace protohost::plugin {

/// The value that an option's default text stands for, without a place and a path. nullopt where
/// the text is no value of the option's type. Quotes and [a, b] are understood as YAML has them;
/// this floor knows no more of YAML.
std::optional<model::Node> default_value(std::uint32_t type, std::string_view text);

}  // namespace protohost::plugin

// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/model/node.hpp"

// Trees that become JSON (write_json.hpp), built by hand.

namespace protohost::config::json {

model::Node text(std::string_view text);
model::Node number(std::int64_t number);
model::Node boolean(bool value);
model::Node list(std::vector<model::Node> items);
model::Node texts(const std::vector<std::string_view>& texts);
model::Node object(std::initializer_list<std::pair<std::string_view, model::Node>> members = {});

/// Adds a member.
void put(model::Node& object, std::string_view key, model::Node value);
/// The schema of a mapping that has these keys and no others. Null stands for an empty one, where
/// none is required.
model::Node closed_mapping(model::Node properties, model::Node required);

}  // namespace protohost::config::json

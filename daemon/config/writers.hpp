// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/model/configuration.hpp"
#include "daemon/model/node.hpp"

namespace protohost::config {

// The readers the other way round: what each makes of a value is read back as the same value.

model::Node write_node(const model::Node& node);
model::Node write_text(const std::string& text);
model::Node write_word(std::string_view word);
model::Node write_boolean(const bool& value);
model::Node write_count(const std::uint64_t& value);
model::Node write_number(const double& value);
model::Node write_size(const std::uint64_t& bytes);
model::Node write_duration(const std::chrono::nanoseconds& duration);
model::Node write_path(const model::Located<std::string>& path);
model::Node write_address(const model::Located<model::Address>& address);
model::Node write_account(const model::Located<model::Account>& account);

/// A list of what `write` makes of each value.
template <class T>
model::Node write_each(const std::vector<T>& values, model::Node (*write)(const T&)) {
    model::Node list;
    list.kind = model::Node::Kind::sequence;
    for (const T& value : values) list.items.push_back(write(value));
    return list;
}

}  // namespace protohost::config

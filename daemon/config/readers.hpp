// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/model/node.hpp"

namespace protohost::config {

// What the values of our own keys must be, beyond the general kinds of daemon/model/value.hpp.

/// A name of a unit, a plugin, a factory or an area of the log: letters, digits, "_", "-" and ".";
/// the first is none of the last two; at most 64.
bool is_name(std::string_view text);
inline constexpr std::string_view name_rule =
    "letters, digits, _ - . and first a letter, a digit or _; at most 64";

base::Result<model::Node> read_node(const model::Node& node);

base::Result<model::Located<std::string>> read_path(const model::Node& node);
/// A path that fits into the address of a UNIX socket.
base::Result<model::Located<std::string>> read_socket_path(const model::Node& node);
/// A list of paths; what is repeated counts once.
base::Result<std::vector<model::Located<std::string>>> read_directories(const model::Node& node);

base::Result<std::uint64_t> read_count(const model::Node& node);
base::Result<std::uint64_t> read_count_above_zero(const model::Node& node);

/// At most a year: the clock can still be added to it.
base::Result<std::chrono::nanoseconds> read_timeout(const model::Node& node);
base::Result<std::chrono::nanoseconds> read_timeout_above_zero(const model::Node& node);
/// Where 0 means that there is none.
base::Result<std::chrono::nanoseconds> read_timeout_or_none(const model::Node& node);

base::Result<model::Located<model::ProtocolName>> read_protocol(const model::Node& node);

/// Applies `reader` to every item of a list; all of the errors, or all of the values.
template <class Reader>
auto read_each(const model::Node& list, const Reader& reader) {
    std::vector<typename decltype(reader(list))::value_type> values;
    base::Errors errors;
    for (const model::Node& item : list.items) {
        auto value = reader(item);
        if (value) {
            values.push_back(std::move(*value));
        } else {
            base::append(errors, value.error());
        }
    }
    using Values = decltype(values);
    return errors.empty() ? base::Result<Values>(std::move(values))
                          : base::Result<Values>(std::move(errors));
}

}  // namespace protohost::config

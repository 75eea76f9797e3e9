// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/model/node.hpp"

namespace protohost::model {

// What a node must be, and the one wording of what it is instead. The configuration's own keys and
// the options of plugins are read by the same functions, so they fail in the same words:
// `echo.yaml:7:12: listeners.echo.timeouts.drain: expected a duration such as 30s, found "soon"`.

base::Result<std::string> read_string(const Node& node);
base::Result<std::int64_t> read_integer(const Node& node);
base::Result<std::int64_t> read_integer(const Node& node, std::int64_t least, std::int64_t most);
base::Result<double> read_number(const Node& node);
base::Result<bool> read_boolean(const Node& node);
base::Result<std::chrono::nanoseconds> read_duration(const Node& node);
base::Result<std::uint64_t> read_size(const Node& node);

/// A list of strings.
base::Result<std::vector<std::string>> read_strings(const Node& node);

/// One of `words`; the value is its index.
base::Result<std::size_t> read_choice(const Node& node, const std::vector<std::string_view>& words);

/// An error at the node, with its place and the path of its key.
base::Error error_at(const Node& node, std::string what, std::string hint = {});

/// The error "expected `what`, found ...".
base::Error unexpected(const Node& node, std::string_view what, std::string hint = {});

/// The path of a member of a mapping or an item of a list: "listeners" and "echo" are
/// "listeners.echo", "listen" and 0 are "listen[0]". Fit for a message whatever the key.
std::string path_to(const std::string& parent, std::string_view key);
std::string path_to(const std::string& parent, std::size_t index);

/// The text between quotation marks, fit for a message: one line, and not endless.
std::string quote(std::string_view text);

/// 'did you mean "listen"?', or empty where nothing is close.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace protohost::model

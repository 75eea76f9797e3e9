// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "daemon/model/node.hpp"

namespace protohost::config {

/// A tree as YAML that is read back as the same tree, with the origin of every value in a comment
/// beside it. A default that is no value is a comment altogether: "# mode: what the umask leaves".
/// A plain text that is no number, boolean or null may come back with quotation marks.
std::string to_yaml(const model::Node& tree);

/// "protohost.yaml:12:9", or "default".
std::string origin_of(const model::Node& value);

}  // namespace protohost::config

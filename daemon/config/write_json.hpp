// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "daemon/model/node.hpp"

namespace protohost::config {

/// A tree as JSON. Booleans, whole numbers and numbers are such, sizes are numbers of bytes,
/// durations stay texts ("30s"), a default that is no value is null. Scalars whose type nobody
/// declared are what YAML 1.2 takes them for. `pretty`: over several lines, else in one.
std::string to_json(const model::Node& tree, bool pretty);

/// The paths of all values of a tree, and where they come from: {"log.level": "default", ...}.
model::Node origins_of(const model::Node& tree);

}  // namespace protohost::config

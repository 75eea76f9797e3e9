// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>

namespace protohost::base {

/// For what machines read: control socket, probe, schema. Keys keep the order in which they were
/// put.
using Json = nlohmann::ordered_json;

}  // namespace protohost::base

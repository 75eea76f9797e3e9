// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "daemon/config/declared_protocol.hpp"
#include "daemon/model/node.hpp"

namespace protohost::config {

/// [any] The effective configuration as one JSON object in one line: `text`, the YAML for people;
/// `values`, the tree; `origins`, where each value comes from, by its path. `written` and
/// `protocols` are as for effective(). For a thousand units it takes tens of milliseconds: nothing
/// to be done on the loop.
std::string effective_json(const model::Node& written,
                           const std::vector<DeclaredProtocol>& protocols);

}  // namespace protohost::config

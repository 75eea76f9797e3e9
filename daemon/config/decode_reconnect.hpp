// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "daemon/config/report.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/model/node.hpp"

namespace protohost::config {

/// `reconnect:` of an endpoint, "never" or a mapping; nullptr, which leaves `into` as it is, where
/// it is absent.
void decode_reconnect(const model::Node* node,
                      std::optional<model::Reconnect>& into,
                      Report& report);

}  // namespace protohost::config

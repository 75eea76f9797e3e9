// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "daemon/config/declared_protocol.hpp"
#include "daemon/supervisor/plugin_set.hpp"

namespace protohost::control {

/// What the plugins of the running configuration declare, as the schema wants it.
std::vector<config::DeclaredProtocol> declared_protocols(const supervisor::RunningPlugins& plugins);

}  // namespace protohost::control

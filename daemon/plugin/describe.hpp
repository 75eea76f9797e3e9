// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "daemon/plugin/module.hpp"

namespace protohost::plugin {

/// What `protohostd --dump-plugin` prints: what the plugin is, and what can be configured. Ends
/// with a newline. The module need not be loaded, only opened.
std::string describe(const Module& module);

}  // namespace protohost::plugin

// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>

#include "daemon/base/error.hpp"

namespace protohost::plugin {

/// The path of `name`.so in the first of `directories` that has it. `where` is the place that asked
/// for it, as errors have it: "protohost.yaml:12:9: listeners.web.protocol".
base::Result<std::string> find_plugin(const std::string& where,
                                      const std::string& name,
                                      std::span<const std::string> directories);

}  // namespace protohost::plugin

// SPDX-License-Identifier: MIT
#pragma once

#include "daemon/config/section.hpp"
#include "daemon/model/configuration.hpp"

namespace protohost::config {

/// The section `plugins`.
model::PluginSettings decode_plugins(Section section);

}  // namespace protohost::config

// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "daemon/config/report.hpp"
#include "daemon/config/section.hpp"
#include "daemon/model/configuration.hpp"

namespace protohost::config {

/// `reconnect` in the section of an endpoint: a mapping, or "never", which is nullopt.
std::optional<model::Reconnect> decode_reconnect(Section& unit, Report& report);

}  // namespace protohost::config

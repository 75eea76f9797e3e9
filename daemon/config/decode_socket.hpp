// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "daemon/config/opening.hpp"
#include "daemon/config/report.hpp"
#include "daemon/config/section.hpp"
#include "daemon/model/configuration.hpp"

namespace protohost::config {

/// `socket:` of a unit. Keys that can have no effect on `opening` are refused.
model::SocketSettings decode_socket(Section section,
                                    const std::optional<Opening>& opening,
                                    Report& report);

}  // namespace protohost::config

// SPDX-License-Identifier: MIT
#pragma once

#include "daemon/config/section.hpp"
#include "daemon/model/process.hpp"

namespace protohost::config {

/// Of a subprocess: what is started, and as whom and where.
model::ProcessSpec decode_process(Section& unit);

/// `ready`.
model::ProcessReadiness decode_readiness(Section section, Report& report);

}  // namespace protohost::config

// SPDX-License-Identifier: MIT
#pragma once

#include "daemon/config/report.hpp"
#include "daemon/config/section.hpp"
#include "daemon/model/configuration.hpp"

namespace protohost::config {

/// `write_buffer:` of a unit. Of the two watermarks, the one that is absent follows from the other.
model::WriteBuffer decode_write_buffer(Section section, Report& report);

}  // namespace protohost::config

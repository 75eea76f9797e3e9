// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "daemon/config/opening.hpp"
#include "daemon/config/report.hpp"
#include "daemon/config/section.hpp"
#include "daemon/model/tls.hpp"

namespace protohost::config {

/// `tls:` of `unit`, as a server where that listens, else as a client. nullopt: there is none.
/// Whether the files can be used shows when they are read.
std::optional<model::Tls> decode_tls(Section& unit,
                                     const std::optional<Opening>& opening,
                                     Report& report);

}  // namespace protohost::config

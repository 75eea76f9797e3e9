// SPDX-License-Identifier: MIT
#pragma once

#include "daemon/config/report.hpp"
#include "daemon/model/configuration.hpp"

namespace protohost::config {

/// What may be there only once, whichever sections and files it stands in: the name of a unit, and
/// an address that somebody listens on or is bound to. Names both places.
void check_unique(const model::Configuration& configuration, Report& report);

}  // namespace protohost::config

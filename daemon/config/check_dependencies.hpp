// SPDX-License-Identifier: MIT
#pragma once

#include "daemon/config/report.hpp"
#include "daemon/model/configuration.hpp"

namespace protohost::config {

/// Reports what subprocesses depend on that is none, and those that wait for each other.
void check_dependencies(const model::Configuration& configuration, Report& report);

}  // namespace protohost::config

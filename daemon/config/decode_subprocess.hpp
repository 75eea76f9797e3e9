// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>

#include "daemon/config/report.hpp"
#include "daemon/config/section.hpp"
#include "daemon/model/configuration.hpp"

namespace protohost::config {

/// `subprocesses:`.
std::map<std::string, model::SubprocessSpec> decode_subprocesses(Section section, Report& report);

}  // namespace protohost::config

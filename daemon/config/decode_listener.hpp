// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>

#include "daemon/config/report.hpp"
#include "daemon/config/section.hpp"
#include "daemon/model/configuration.hpp"

namespace protohost::config {

/// The section `listeners`: a mapping of names. Entries that are wrong are reported.
std::map<std::string, model::ListenerSpec> decode_listeners(Section section, Report& report);

}  // namespace protohost::config

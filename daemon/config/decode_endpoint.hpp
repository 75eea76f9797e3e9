// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>

#include "daemon/config/report.hpp"
#include "daemon/config/section.hpp"
#include "daemon/model/configuration.hpp"

namespace protohost::config {

/// The section `endpoints`: a mapping of names. Entries that are wrong are reported.
std::map<std::string, model::EndpointSpec> decode_endpoints(Section section, Report& report);

}  // namespace protohost::config

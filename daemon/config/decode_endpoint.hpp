// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>

#include "daemon/config/report.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/model/node.hpp"

namespace protohost::config {

/// The section `endpoints`; nullptr where it is absent. Entries that are wrong are reported.
std::map<std::string, model::EndpointSpec> decode_endpoints(const model::Node* section,
                                                            Report& report);

}  // namespace protohost::config

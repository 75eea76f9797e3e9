// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>

#include "daemon/config/report.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/model/node.hpp"

namespace protohost::config {

/// The section `listeners`; nullptr where it is absent. Entries that are wrong are reported.
std::map<std::string, model::ListenerSpec> decode_listeners(const model::Node* section,
                                                            Report& report);

}  // namespace protohost::config

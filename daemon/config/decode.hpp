// SPDX-License-Identifier: MIT
#pragma once

#include "daemon/config/known.hpp"
#include "daemon/config/report.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/model/node.hpp"

namespace protohost::config {

/// Gives the merged tree of all files its meaning. What is wrong goes into the report, and has its
/// default in the value. What every key holds is written down in `known`, if it is given.
model::Configuration decode(const model::Node& root, Report& report, Known* known = nullptr);

}  // namespace protohost::config

// SPDX-License-Identifier: MIT
#pragma once

#include "daemon/config/report.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/model/node.hpp"

namespace protohost::config {

/// Reports where `memory.write_buffers` has less than one connection of some unit may have waiting
/// before its protocol is paused: such a one would reach the limit of all before its own watermark.
/// `root` is what `configuration` was decoded from.
void check_memory(const model::Node& root,
                  const model::Configuration& configuration,
                  Report& report);

}  // namespace protohost::config

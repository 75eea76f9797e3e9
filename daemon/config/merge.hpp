// SPDX-License-Identifier: MIT
#pragma once

#include "daemon/config/report.hpp"
#include "daemon/model/node.hpp"

namespace protohost::config {

/// Adds the tree of one file to what the files before it made. Units are united, and so are the
/// areas of the log and the directories of plugins; everything else may be said once over all
/// files.
void merge(model::Node& into, model::Node from, Report& report);

}  // namespace protohost::config

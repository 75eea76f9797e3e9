// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "daemon/config/report.hpp"
#include "daemon/model/node.hpp"

namespace protohost::config {

/// Turns the text of one file into a tree: places are 1-based (columns count bytes), aliases are
/// expanded, keys are unique. What is wrong goes into the report; nullopt where the rest of the
/// file cannot be trusted to mean what it seems to. Time and memory are bounded whatever the text.
std::optional<model::Node> load_yaml(const std::string& file,
                                     const std::string& text,
                                     Report& report);

}  // namespace protohost::config

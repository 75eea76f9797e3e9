// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "daemon/model/configuration.hpp"

namespace protohost::supervisor {

/// What would have to happen to the running units to become the desired ones; names, sorted. A unit
/// that did not change is in `keep`, and nothing of it is touched.
struct Plan {
    std::vector<std::string> start;
    std::vector<std::string> keep;
    std::vector<std::string> replace;
    std::vector<std::string> stop;

    bool operator==(const Plan&) const = default;
};

/// Pure. The first start is the plan from the empty configuration.
Plan make_plan(const model::Configuration& running, const model::Configuration& desired);

}  // namespace protohost::supervisor

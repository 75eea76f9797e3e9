// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "daemon/model/configuration.hpp"

namespace protohost::supervisor {

/// Which unit of a configuration is meant. Listeners come before endpoints, then names count.
struct UnitId {
    enum class Section { listeners, endpoints };

    Section section = Section::listeners;
    std::string name;

    auto operator<=>(const UnitId&) const = default;
};

/// "listeners.web", as the configuration's messages have it.
std::string to_string(const UnitId& unit);

/// What would have to happen to the running units to become the desired ones; each sorted. A unit
/// that did not change is in `keep`, and nothing of it is touched.
struct Plan {
    std::vector<UnitId> start;
    std::vector<UnitId> keep;
    std::vector<UnitId> replace;
    std::vector<UnitId> stop;

    bool operator==(const Plan&) const = default;
};

/// Pure. The first start is the plan from the empty configuration. A name that went over to the
/// other section is one unit that stops and another one that starts.
Plan make_plan(const model::Configuration& running, const model::Configuration& desired);

}  // namespace protohost::supervisor

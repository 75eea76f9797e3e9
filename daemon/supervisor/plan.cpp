// SPDX-License-Identifier: MIT
#include "daemon/supervisor/plan.hpp"

#include <map>

namespace protohost::supervisor {
namespace {

using Section = UnitId::Section;

template <class Spec>
void compare(Section section,
             const std::map<std::string, Spec>& running,
             const std::map<std::string, Spec>& desired,
             Plan& plan) {
    for (const auto& [name, spec] : desired) {
        const auto before = running.find(name);
        if (before == running.end()) {
            plan.start.push_back({section, name});
        } else if (before->second == spec) {
            plan.keep.push_back({section, name});
        } else {
            plan.replace.push_back({section, name});
        }
    }
    for (const auto& [name, spec] : running) {
        if (!desired.contains(name)) plan.stop.push_back({section, name});
    }
}

}  // namespace

std::string to_string(const UnitId& unit) {
    return (unit.section == Section::listeners ? "listeners." : "endpoints.") + unit.name;
}

Plan make_plan(const model::Configuration& running, const model::Configuration& desired) {
    Plan plan;
    compare(Section::listeners, running.listeners, desired.listeners, plan);
    compare(Section::endpoints, running.endpoints, desired.endpoints, plan);
    return plan;
}

}  // namespace protohost::supervisor

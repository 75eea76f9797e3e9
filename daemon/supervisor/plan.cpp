// SPDX-License-Identifier: MIT
#include "daemon/supervisor/plan.hpp"

namespace protohost::supervisor {

Plan make_plan(const model::Configuration& running, const model::Configuration& desired) {
    Plan plan;
    for (const auto& [name, spec] : desired.listeners) {
        const auto before = running.listeners.find(name);
        if (before == running.listeners.end()) {
            plan.start.push_back(name);
        } else if (before->second == spec) {
            plan.keep.push_back(name);
        } else {
            plan.replace.push_back(name);
        }
    }
    for (const auto& [name, spec] : running.listeners) {
        if (!desired.listeners.contains(name)) plan.stop.push_back(name);
    }
    return plan;
}

}  // namespace protohost::supervisor

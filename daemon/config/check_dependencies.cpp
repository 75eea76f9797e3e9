// SPDX-License-Identifier: MIT
#include "daemon/config/check_dependencies.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/format.hpp"
#include "daemon/config/keys.hpp"
#include "daemon/model/value.hpp"

namespace protohost::config {
namespace {

using Units = std::map<std::string, model::SubprocessSpec>;
using Dependency = model::Located<std::string>;

void add(Report& report,
         const std::string& unit,
         const Dependency& on,
         std::string what,
         std::string hint) {
    const std::string path =
        model::path_to(model::path_to(std::string(keys::top::subprocesses.name), unit),
                       keys::subprocess::depends_on);
    report.add(on.place, {model::to_string(on.place, path), std::move(what), std::move(hint)});
}

void check_name(const model::Configuration& configuration,
                const std::string& unit,
                const Dependency& on,
                Report& report) {
    const Units& units = configuration.subprocesses;
    if (units.contains(on.value)) return;
    const bool listener = configuration.listeners.contains(on.value);
    if (listener || configuration.endpoints.contains(on.value)) {
        return add(report,
                   unit,
                   on,
                   base::format("{} is {}, and only subprocesses are waited for",
                                model::quote(on.value),
                                listener ? "a listener" : "an endpoint"),
                   "remove it");
    }
    std::vector<std::string_view> names;
    for (const auto& [name, spec] : units) {
        if (name != unit) names.push_back(name);
    }
    std::string hint = model::did_you_mean(on.value, names);
    if (hint.empty()) hint = "define it, or remove it here";
    add(report,
        unit,
        on,
        base::format("there is no subprocess {}", model::quote(on.value)),
        std::move(hint));
}

/// Looks for ways that come back to where they began; each is told once.
class Cycles {
public:
    Cycles(const Units& units, Report& report) : units_(units), report_(report) {}

    void visit(const std::string& unit) {
        if (done_.contains(unit)) return;
        way_.push_back(unit);
        for (const Dependency& on : units_.at(unit).depends_on) {
            if (!units_.contains(on.value)) continue;
            const auto before = std::find(way_.begin(), way_.end(), on.value);
            if (before == way_.end()) {
                visit(on.value);
            } else {
                tell(unit, on, before - way_.begin());
            }
        }
        way_.pop_back();
        done_.insert(unit);
    }

private:
    void tell(const std::string& unit, const Dependency& on, std::ptrdiff_t from) {
        if (unit == on.value) {
            return add(report_, unit, on, "it would wait for itself", "remove it");
        }
        std::string circle;
        for (auto each = way_.begin() + from; each != way_.end(); ++each) circle += *each + " -> ";
        add(report_,
            unit,
            on,
            base::format("they would wait for each other: {}{}", circle, on.value),
            "remove one of these");
    }

    const Units& units_;
    Report& report_;
    std::vector<std::string> way_;
    std::set<std::string> done_;
};

}  // namespace

void check_dependencies(const model::Configuration& configuration, Report& report) {
    Cycles cycles(configuration.subprocesses, report);
    for (const auto& [name, spec] : configuration.subprocesses) {
        for (const Dependency& on : spec.depends_on) check_name(configuration, name, on, report);
        cycles.visit(name);
    }
}

}  // namespace protohost::config

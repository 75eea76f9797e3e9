// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/config/opening.hpp"
#include "daemon/config/report.hpp"
#include "daemon/config/section.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/model/node.hpp"
#include "daemon/model/value.hpp"

namespace protohost::config {

/// What listeners and endpoints have in common: protocol, options, write_buffer, timeouts, socket.
/// `section` is that of `unit`. `opening` is nullopt where it is not known what is opened: then no
/// key is refused for having no effect.
void decode_unit(Section& section,
                 const model::Member& unit,
                 const std::optional<Opening>& opening,
                 model::UnitSpec& spec,
                 Report& report);

void check_unit_name(const model::Member& unit, Report& report);

/// A section of units, nullptr where it is absent; `decode` makes one of them. `what` is "a mapping
/// of names to listeners".
template <class Spec>
std::map<std::string, Spec> decode_units(const model::Node* section,
                                         std::string_view what,
                                         Spec (*decode)(const model::Member&, Report&),
                                         Report& report) {
    std::map<std::string, Spec> units;
    if (section == nullptr || section->kind == model::Node::Kind::null) return units;
    if (section->kind != model::Node::Kind::mapping) {
        report.add(section->place, model::unexpected(*section, what));
        return units;
    }
    for (const model::Member& unit : section->members) {
        check_unit_name(unit, report);
        units.emplace(unit.key, decode(unit, report));
    }
    return units;
}

}  // namespace protohost::config

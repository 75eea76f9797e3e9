// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>

#include "daemon/config/opening.hpp"
#include "daemon/config/report.hpp"
#include "daemon/config/section.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/model/node.hpp"

namespace protohost::config {

/// What listeners and endpoints have in common: protocol, options, write_buffer, timeouts, socket,
/// tls.
/// `section` is that of `unit`. `opening` is nullopt where it is not known what is opened: then no
/// key is refused for having no effect.
void decode_unit(Section& section,
                 const model::Member& unit,
                 const std::optional<Opening>& opening,
                 model::UnitSpec& spec,
                 Report& report);

/// Of a subprocess, which may do without a protocol: then there are no options and no write_buffer.
void decode_protocol(Section& section,
                     const model::Member& unit,
                     model::UnitSpec& spec,
                     Report& report);

/// All units of a section; `decode` makes one of them.
template <class Spec>
std::map<std::string, Spec> decode_units(Section& units,
                                         Spec (*decode)(Section, const model::Member&, Report&),
                                         Report& report) {
    std::map<std::string, Spec> specs;
    for (const model::Member& unit : units.names("a unit")) {
        specs.emplace(unit.key, decode(units.entry(unit), unit, report));
    }
    return specs;
}

}  // namespace protohost::config

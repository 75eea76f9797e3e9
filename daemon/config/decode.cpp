// SPDX-License-Identifier: MIT
#include "daemon/config/decode.hpp"

#include "daemon/base/format.hpp"
#include "daemon/config/check_unique.hpp"
#include "daemon/config/decode_control.hpp"
#include "daemon/config/decode_endpoint.hpp"
#include "daemon/config/decode_listener.hpp"
#include "daemon/config/decode_plugins.hpp"
#include "daemon/config/keys.hpp"
#include "daemon/config/readers.hpp"
#include "daemon/config/section.hpp"
#include "daemon/model/value.hpp"

namespace protohost::config {
namespace {

using model::Node;

std::map<std::string, base::Level> decode_areas(Section areas) {
    std::map<std::string, base::Level> levels;
    for (const model::Member& area : areas.names("an area")) {
        base::Level level{};
        if (areas.read(area.value, level, read_level)) levels[area.key] = level;
    }
    return levels;
}

base::LogSettings decode_log(Section section) {
    base::LogSettings log;
    section.read(keys::log::level, log.level, read_level);
    section.read(keys::log::format, log.format, read_log_format);
    log.areas = decode_areas(section.section(keys::log::areas, "a mapping of areas to levels"));
    section.finish();
    return log;
}

std::optional<model::Located<std::string>> decode_state(Section section) {
    std::optional<model::Located<std::string>> directory;
    section.read(keys::state::directory, directory, read_path);
    section.finish();
    return directory;
}

base::Result<std::uint64_t> read_budget(const Node& node) {
    auto size = model::read_size(node);
    if (size && *size == 0) return base::Errors{model::unexpected(node, "a size above 0")};
    return size;
}

void refuse_units(const model::Member* section, Report& report) {
    if (section == nullptr) return;
    const Node& units = section->value;
    const bool nothing = units.kind == Node::Kind::null ||
                         (units.kind == Node::Kind::mapping && units.members.empty());
    if (nothing) return;
    report.add(section->key_place,
               {model::to_string(section->key_place, units.path),
                "not supported yet by this version",
                "remove the section"});
}

}  // namespace

model::Configuration decode(const Node& root, Report& report) {
    model::Configuration configuration;
    Section top(root, report);
    configuration.plugins = decode_plugins(top.section(keys::top::plugins));
    configuration.log = decode_log(top.section(keys::top::log));
    configuration.state_directory = decode_state(top.section(keys::top::state));
    configuration.control = decode_control(top.section(keys::top::control));
    Section memory = top.section(keys::top::memory);
    memory.read(keys::memory::write_buffers, configuration.memory.write_buffers, read_budget);
    memory.finish();
    configuration.listeners = decode_listeners(
        top.section(keys::top::listeners, "a mapping of names to listeners"), report);
    configuration.endpoints = decode_endpoints(
        top.section(keys::top::endpoints, "a mapping of names to endpoints"), report);
    refuse_units(top.find_member(keys::top::subprocesses), report);
    top.finish();
    check_unique(configuration, report);
    return configuration;
}

}  // namespace protohost::config

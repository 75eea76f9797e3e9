// SPDX-License-Identifier: MIT
#include "daemon/config/decode.hpp"

#include "daemon/base/format.hpp"
#include "daemon/config/check_unique.hpp"
#include "daemon/config/decode_endpoint.hpp"
#include "daemon/config/decode_listener.hpp"
#include "daemon/config/keys.hpp"
#include "daemon/config/readers.hpp"
#include "daemon/config/section.hpp"
#include "daemon/model/value.hpp"

namespace protohost::config {
namespace {

using model::Node;

std::map<std::string, base::Level> decode_areas(const Node* areas, Report& report) {
    std::map<std::string, base::Level> levels;
    if (areas == nullptr || areas->kind == Node::Kind::null) return levels;
    if (areas->kind != Node::Kind::mapping) {
        report.add(areas->place, model::unexpected(*areas, "a mapping of areas to levels"));
        return levels;
    }
    for (const model::Member& area : areas->members) {
        if (!is_name(area.key)) {
            report.add(area.key_place,
                       {model::to_string(area.key_place, area.value.path),
                        base::format("{} is no name for an area", model::quote(area.key)),
                        std::string(name_rule)});
        }
        const auto level = read_level(area.value);
        if (level) {
            levels[area.key] = *level;
        } else {
            report.add(area.value.place, level.error());
        }
    }
    return levels;
}

base::LogSettings decode_log(Section section, Report& report) {
    base::LogSettings log;
    section.read(keys::log::level, log.level, read_level);
    section.read(keys::log::format, log.format, read_log_format);
    log.areas = decode_areas(section.find(keys::log::areas), report);
    section.finish();
    return log;
}

std::optional<model::Located<std::string>> decode_single_path(
    Section section,
    keys::Key key,
    base::Result<model::Located<std::string>> (*reader)(const Node&)) {
    std::optional<model::Located<std::string>> path;
    section.read(key, path, reader);
    section.finish();
    return path;
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
    Section plugins = top.section(keys::top::plugins);
    plugins.read(keys::plugins::directories, configuration.plugins.directories, read_directories);
    plugins.finish();
    configuration.log = decode_log(top.section(keys::top::log), report);
    configuration.state_directory =
        decode_single_path(top.section(keys::top::state), keys::state::directory, read_path);
    configuration.control_socket = decode_single_path(
        top.section(keys::top::control), keys::control::socket, read_socket_path);
    Section memory = top.section(keys::top::memory);
    memory.read(keys::memory::write_buffers, configuration.memory.write_buffers, read_budget);
    memory.finish();
    configuration.listeners = decode_listeners(top.find(keys::top::listeners), report);
    configuration.endpoints = decode_endpoints(top.find(keys::top::endpoints), report);
    refuse_units(top.find_member(keys::top::subprocesses), report);
    top.finish();
    check_unique(configuration, report);
    return configuration;
}

}  // namespace protohost::config

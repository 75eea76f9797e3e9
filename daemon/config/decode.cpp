// SPDX-License-Identifier: MIT
#include "daemon/config/decode.hpp"

#include "daemon/config/check_dependencies.hpp"
#include "daemon/config/check_memory.hpp"
#include "daemon/config/check_unique.hpp"
#include "daemon/config/decode_control.hpp"
#include "daemon/config/decode_endpoint.hpp"
#include "daemon/config/decode_listener.hpp"
#include "daemon/config/decode_plugins.hpp"
#include "daemon/config/decode_subprocess.hpp"
#include "daemon/config/keys.hpp"
#include "daemon/config/kinds.hpp"
#include "daemon/config/read_process.hpp"
#include "daemon/config/section.hpp"
#include "daemon/config/words.hpp"
#include "daemon/model/value.hpp"

namespace protohost::config {
namespace {

using model::Node;

std::map<std::string, base::Level> decode_areas(Section areas) {
    std::map<std::string, base::Level> levels;
    for (const model::Member& area : areas.names("an area")) {
        areas.read_entry(area, levels[area.key], kinds::word<base::Level>);
    }
    return levels;
}

base::LogSettings decode_log(Section section) {
    base::LogSettings log;
    section.read(keys::log::level, log.level, kinds::word<base::Level>);
    section.read(keys::log::format, log.format, kinds::word<base::LogFormat>);
    std::optional<model::Located<std::string>> file;
    if (log.format == base::LogFormat::journal) {
        section.refuse(keys::log::file,
                       "has no effect here: with format journal, lines go to the journal",
                       "leave it out, or make the format text or json");
    }
    section.read(keys::log::file, file, kinds::path);
    if (file) log.file = file->value;
    log.areas = decode_areas(section.section(keys::log::areas, "a mapping of areas to levels"));
    section.finish();
    return log;
}

std::optional<model::Located<std::string>> decode_state(Section section) {
    std::optional<model::Located<std::string>> directory;
    section.read(keys::state::directory, directory, kinds::path);
    section.finish();
    return directory;
}

base::Result<std::uint64_t> read_budget(const Node& node) {
    auto size = model::read_size(node);
    if (size && *size == 0) return base::Errors{model::unexpected(node, "a size above 0")};
    return size;
}

constexpr Kind<std::uint64_t> budget{read_budget, write_size, size_above_zero_shape};

model::MemorySettings decode_memory(Section section) {
    model::MemorySettings memory;
    section.read(keys::memory::write_buffers, memory.write_buffers, budget);
    section.finish();
    return memory;
}

}  // namespace

model::Configuration decode(const Node& root, Report& report, Known* known) {
    model::Configuration configuration;
    Section top(&root, root.place, report, known);
    configuration.plugins = decode_plugins(top.section(keys::top::plugins));
    configuration.log = decode_log(top.section(keys::top::log));
    configuration.state_directory = decode_state(top.section(keys::top::state));
    configuration.control = decode_control(top.section(keys::top::control));
    configuration.memory = decode_memory(top.section(keys::top::memory));
    top.read(keys::top::user, configuration.user, kinds::located_account);
    top.read(keys::top::group, configuration.group, kinds::located_account);
    if (configuration.group && !configuration.user) {
        top.refuse(keys::top::group, "has no effect here without user", "add user: NAME");
    }
    configuration.listeners = decode_listeners(
        top.section(keys::top::listeners, "a mapping of names to listeners"), report);
    configuration.endpoints = decode_endpoints(
        top.section(keys::top::endpoints, "a mapping of names to endpoints"), report);
    configuration.subprocesses = decode_subprocesses(
        top.section(keys::top::subprocesses, "a mapping of names to subprocesses"), report);
    top.finish();
    check_unique(configuration, report);
    check_dependencies(configuration, report);
    check_memory(root, configuration, report);
    return configuration;
}

}  // namespace protohost::config

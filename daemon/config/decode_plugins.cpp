// SPDX-License-Identifier: MIT
#include "daemon/config/decode_plugins.hpp"

#include "daemon/config/keys.hpp"
#include "daemon/config/readers.hpp"
#include "daemon/model/value.hpp"

namespace protohost::config {
namespace {

model::ModuleSettings decode_module(Section section) {
    model::ModuleSettings module;
    section.read(keys::module::unmap, module.unmap, model::read_boolean);
    section.finish();
    return module;
}

}  // namespace

model::PluginSettings decode_plugins(Section section) {
    model::PluginSettings plugins;
    section.read(keys::plugins::directories, plugins.directories, read_directories);
    section.read(keys::plugins::max_draining, plugins.max_draining, read_count_above_zero);
    Section modules =
        section.section(keys::plugins::modules, "a mapping of plugins to their settings");
    for (const model::Member& module : modules.names("a plugin")) {
        plugins.modules[module.key] = decode_module(modules.section(module));
    }
    section.finish();
    return plugins;
}

}  // namespace protohost::config

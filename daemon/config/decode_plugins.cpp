// SPDX-License-Identifier: MIT
#include "daemon/config/decode_plugins.hpp"

#include <string>
#include <utility>
#include <vector>

#include "daemon/config/keys.hpp"
#include "daemon/config/kinds.hpp"

namespace protohost::config {
namespace {

using Path = model::Located<std::string>;
using Paths = std::vector<Path>;

model::Node write_paths(const Paths& directories) {
    return write_each(directories, write_path);
}

constexpr Kind<Paths> paths{read_directories, write_paths, paths_shape};

model::ModuleSettings decode_module(Section section) {
    model::ModuleSettings module;
    section.read(keys::module::unmap, module.unmap, kinds::boolean);
    section.finish();
    return module;
}

}  // namespace

model::PluginSettings decode_plugins(Section section) {
    model::PluginSettings plugins;
    Paths directories;
    section.read(keys::plugins::directories, directories, paths);
    for (Path& directory : directories) plugins.directories.push_back(std::move(directory.value));
    section.read(keys::plugins::max_draining, plugins.max_draining, kinds::count_above_zero);
    Section modules =
        section.section(keys::plugins::modules, "a mapping of plugins to their settings");
    for (const model::Member& module : modules.names("a plugin")) {
        plugins.modules[module.key] = decode_module(modules.entry(module));
    }
    section.finish();
    return plugins;
}

}  // namespace protohost::config

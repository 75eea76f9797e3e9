// SPDX-License-Identifier: MIT
#include "daemon/supervisor/plugin_set.hpp"

#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/plugin/search.hpp"

namespace protohost::supervisor {

namespace {

/// What is wrong with the file, said at the place that asked for it.
base::Errors asked_for_at(const std::string& where, const std::string& name, base::Errors errors) {
    for (base::Error& error : errors) {
        error.what = "plugin \"" + name + "\": " + error.where + ": " + error.what;
        error.where = where;
    }
    return errors;
}

std::string_view kind_name(std::uint32_t kind) {
    return kind == PH_DATAGRAM ? "datagram" : "stream";
}

base::Errors wrong_kind(const std::string& where,
                        const plugin::DeclaredFactory& declared,
                        const PluginSet::Wanted& wanted) {
    return base::failure(
        where,
        base::format("factory \"{}\" makes {} protocols, and {} needs {} protocols",
                     declared.name,
                     kind_name(declared.kind),
                     wanted.title,
                     kind_name(wanted.kind)),
        "see protohostd --dump-plugin for what a plugin has");
}

}  // namespace

PluginSet::PluginSet(plugin::StagingDirectory& staging,
                     unit::Generations& generations,
                     std::vector<std::string> directories)
    : staging_(staging), generations_(generations), directories_(std::move(directories)) {}

PluginSet::Loaded PluginSet::load(const std::string& where, const std::string& name) {
    auto path = plugin::find_plugin(where, name, directories_);
    if (!path) return path.error();
    auto staged = staging_.stage(*path);
    if (!staged) return asked_for_at(where, name, staged.error());
    if (const std::string& own = staged->identity.name; own != name) {
        return base::failure(
            where,
            "plugin \"" + name + "\": " + *path + ": calls itself \"" + own + "\"",
            "name the file " + own + ".so, or build the plugin with the other name");
    }
    auto generation = generations_.load(*staged);
    if (!generation) return asked_for_at(where, name, generation.error());
    return generation;
}

base::Result<std::shared_ptr<unit::Binding>> PluginSet::bind(const Wanted& wanted) {
    const auto& protocol = wanted.spec.protocol.value;
    const std::string where =
        model::to_string(wanted.spec.protocol.place,
                         std::string(wanted.section) + "." + wanted.spec.name + ".protocol");
    auto found = loaded_.find(protocol.plugin);
    if (found == loaded_.end()) {
        const Loaded loaded = load(where, protocol.plugin);
        found = loaded_.emplace(protocol.plugin, loaded ? *loaded : nullptr).first;
        if (!loaded) return loaded.error();
    }
    if (found->second == nullptr) return base::Errors{};

    const auto declared = found->second->module()->find_factory(where, protocol.factory);
    if (!declared) return declared.error();
    if ((*declared)->kind != wanted.kind) return wrong_kind(where, **declared, wanted);
    return unit::Binding::make(found->second, **declared, wanted.spec.options, wanted.title);
}

}  // namespace protohost::supervisor

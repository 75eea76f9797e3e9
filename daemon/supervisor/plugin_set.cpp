// SPDX-License-Identifier: MIT
#include "daemon/supervisor/plugin_set.hpp"

#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/base/log_setup.hpp"
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

const std::string& plugin_of(const PluginSet::Wanted& wanted) {
    return wanted.spec.protocol.value.plugin;
}

}  // namespace

std::string place_of_protocol(const PluginSet::Wanted& wanted) {
    return model::to_string(wanted.spec.protocol.place,
                            std::string(wanted.section) + "." + wanted.spec.name + ".protocol");
}

base::Errors PluginSet::find(const Wanted& wanted) {
    const std::string& name = plugin_of(wanted);
    if (!found_.insert(name).second) return {};
    const std::string where = place_of_protocol(wanted);
    base::Errors errors = look(where, name);
    if (!errors.empty()) failed_.insert(name);
    return errors;
}

void PluginSet::keep_running() {
    for (const auto& [name, plugin] : plugins_) found_.insert(name);
}

base::Errors PluginSet::look(const std::string& where, const std::string& name) {
    const auto path = plugin::find_plugin(where, name, workshop_.directories);
    if (!path) return path.error();
    const auto running = plugins_.find(name);
    if (running == plugins_.end()) {
        const auto file = plugin::read_plugin_file(*path, workshop_.trusted_owners);
        return file ? stage(where, name, *file) : asked_for_at(where, name, file.error());
    }
    const auto changed =
        plugin::read_if_changed(*path, running->second.staged.contents, workshop_.trusted_owners);
    if (!changed) return asked_for_at(where, name, changed.error());
    if (!*changed || (*changed)->contents.sha256 == running->second.refused) return {};
    return stage(where, name, **changed);
}

base::Errors PluginSet::stage(const std::string& where,
                              const std::string& name,
                              const plugin::PluginFile& file) {
    if (const auto* const refused = workshop_.refused.find(name, file.contents.sha256)) {
        plugin::StagedPlugin staged = refused->staged;
        staged.contents = file.contents;
        staged.source = file.source;
        take(name, std::move(staged), refused->generation, {});
        return {};
    }
    auto staged = workshop_.staging.stage(file);
    if (!staged) return asked_for_at(where, name, staged.error());
    if (const std::string& own = staged->identity.name; own != name) {
        return base::failure(
            where,
            "plugin \"" + name + "\": " + file.source + ": calls itself \"" + own + "\"",
            "name the file " + own + ".so, or build the plugin with the other name");
    }
    replace(name, std::move(*staged), {});
    return {};
}

void PluginSet::replace(const std::string& name, plugin::StagedPlugin staged, std::string refused) {
    RunningPlugin& plugin = plugins_[name];
    if (plugin.generation != nullptr) {
        changed_.insert(name);
        plugin.previous = std::make_shared<plugin::StagedPlugin>(std::move(plugin.staged));
    }
    plugin.staged = std::move(staged);
    plugin.generation = nullptr;
    plugin.refused = std::move(refused);
}

void PluginSet::take(const std::string& name,
                     plugin::StagedPlugin staged,
                     std::shared_ptr<unit::Generation> generation,
                     std::string refused) {
    replace(name, std::move(staged), std::move(refused));
    plugins_[name].generation = std::move(generation);
    loaded_.insert(name);
}

base::Errors PluginSet::roll_back(const std::string& name) {
    const auto running = plugins_.find(name);
    if (running == plugins_.end()) {
        return base::failure("plugin " + name, "is not in use", "see protohostctl list plugins");
    }
    if (running->second.previous == nullptr) {
        return base::failure("plugin " + name, "has no earlier generation to go back to");
    }
    const plugin::StagedPlugin earlier = *running->second.previous;
    const std::string refused = running->second.staged.contents.sha256;
    // A rollback that was refused has loaded it already.
    if (const auto* const loaded = workshop_.refused.find(name, earlier.contents.sha256)) {
        take(name, loaded->staged, loaded->generation, refused);
        return {};
    }
    // Where it still lives, that one goes on; its code need not be loaded twice.
    auto living = workshop_.generations.find(name, earlier.contents.sha256);
    auto staged = living != nullptr ? base::Result<plugin::StagedPlugin>(earlier)
                                    : workshop_.staging.restage(earlier);
    if (!staged) return staged.error();
    replace(name, std::move(*staged), refused);
    plugins_[name].generation = std::move(living);
    return {};
}

base::Errors PluginSet::probe(const std::vector<Wanted>& wanted) {
    base::Errors errors;
    if (workshop_.probe_program.empty()) return errors;
    const base::Log log("supervisor");
    for (const auto& [name, plugin] : plugins_) {
        if (plugin.generation != nullptr || failed_.contains(name)) continue;
        plugin::ProbeRequest request{plugin.staged, {}};
        for (const Wanted& definition : wanted) {
            if (plugin_of(definition) != name) continue;
            request.bindings.push_back({definition.title,
                                        place_of_protocol(definition),
                                        definition.spec.protocol.value.factory,
                                        definition.spec.options,
                                        definition.kind});
        }
        const auto report =
            plugin::probe(request, {.program = workshop_.probe_program, .stop = workshop_.stop});
        if (!report) {
            failed_.insert(name);
            base::append(errors, report.error());
            continue;
        }
        for (const base::Error& warning : report->warnings) {
            auto about = base::place_of(warning);
            about.plugin = name;
            log.warn(about, "{}", to_string(warning));
        }
    }
    return errors;
}

bool PluginSet::is_loaded(const Wanted& wanted) const {
    const auto found = plugins_.find(plugin_of(wanted));
    return found != plugins_.end() && found->second.generation != nullptr;
}

base::Result<std::shared_ptr<unit::Generation>> PluginSet::load(const Wanted& wanted) {
    const std::string& name = plugin_of(wanted);
    if (failed_.contains(name)) return base::Errors{};  // reported for the first that needed it
    RunningPlugin& plugin = plugins_.at(name);
    if (plugin.generation == nullptr) {
        auto loaded = workshop_.generations.load(plugin.staged);
        if (!loaded) {
            failed_.insert(name);
            return asked_for_at(place_of_protocol(wanted), name, loaded.error());
        }
        plugin.generation = std::move(*loaded);
        loaded_.insert(name);
    }
    return plugin.generation;
}

base::Result<std::shared_ptr<unit::Binding>> PluginSet::bind(const Wanted& wanted) {
    const auto generation = load(wanted);
    if (!generation) return generation.error();
    const std::string where = place_of_protocol(wanted);
    const auto declared =
        (*generation)->module()->find_factory(where, wanted.spec.protocol.value.factory);
    if (!declared) return declared.error();
    if (auto errors = plugin::check_kind(where, **declared, wanted.kind, wanted.title);
        !errors.empty()) {
        return errors;
    }
    return unit::Binding::make(*generation, **declared, wanted.spec.options, wanted.title);
}

std::vector<RefusedPlugins::Loaded> PluginSet::loaded() const {
    std::vector<RefusedPlugins::Loaded> all;
    for (const std::string& name : loaded_) {
        const RunningPlugin& plugin = plugins_.at(name);
        all.push_back({plugin.staged, plugin.generation});
    }
    return all;
}

RunningPlugins PluginSet::in_use() const {
    RunningPlugins used;
    for (const auto& [name, plugin] : plugins_) {
        if (found_.contains(name)) used.emplace(name, plugin);
    }
    return used;
}

}  // namespace protohost::supervisor

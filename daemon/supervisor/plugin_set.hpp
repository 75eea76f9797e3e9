// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/plugin/probe.hpp"
#include "daemon/plugin/staging.hpp"
#include "daemon/supervisor/refused_plugins.hpp"
#include "daemon/unit/binding.hpp"
#include "daemon/unit/generations.hpp"

namespace protohost::supervisor {

/// One plugin of the running configuration.
struct RunningPlugin {
    plugin::StagedPlugin staged;
    std::shared_ptr<unit::Generation> generation;
    /// What ran before, for `protohostctl plugin rollback`.
    std::shared_ptr<const plugin::StagedPlugin> previous;
    /// After a rollback: the digest of the file that was rolled back from, and is not taken again.
    std::string refused;
};
using RunningPlugins = std::map<std::string, RunningPlugin>;

/// The plugins that a configuration needs, each looked at once for all units that name it. Not on
/// the loop: it reads files, starts probes and runs code of plugins.
class PluginSet {
public:
    /// What is common to all reloads. All of it outlives this.
    struct Workshop {
        plugin::StagingDirectory& staging;
        unit::Generations& generations;
        /// What earlier reloads had loaded before they were refused.
        const RefusedPlugins& refused;
        const std::vector<std::string>& directories;
        const std::vector<uid_t>& trusted_owners;
        /// What tries new code in a process of its own first; empty: nothing.
        std::string probe_program;
        /// As plugin::ProbeSettings::stop.
        int stop = -1;
    };

    /// What a definition needs of a factory.
    struct Wanted {
        const model::UnitSpec& spec;
        std::string_view section;  ///< "listeners"
        std::string title;         ///< "listener echo"
        std::uint32_t kind;        ///< PH_STREAM, PH_DATAGRAM
    };

    PluginSet(const Workshop& workshop, RunningPlugins running)
        : workshop_(workshop), plugins_(std::move(running)) {}

    /// Finds the plugin that a definition names, and looks whether its file is what is running. A
    /// file that is new or has changed is staged, and no code of it runs. Every plugin is reported
    /// for the first definition that needs it.
    base::Errors find(const Wanted& wanted);

    /// Instead of find(): all stay as they run, and no file is looked at.
    void keep_running();

    /// Puts the generation that ran before in the place of the running one.
    base::Errors roll_back(const std::string& name);

    /// The plugins whose files are not what is running.
    const std::set<std::string>& changed() const { return changed_; }

    /// Tries what was staged in a process of its own, with all definitions that will use it.
    base::Errors probe(const std::vector<Wanted>& wanted);

    /// Whether the plugin that the definition names is in this process.
    bool is_loaded(const Wanted& wanted) const;

    /// [load] The factory that the definition names, configured with its options; loads what was
    /// staged when it comes to it.
    base::Result<std::shared_ptr<unit::Binding>> bind(const Wanted& wanted);

    /// What runs once all of this is committed: of the plugins that were looked for.
    RunningPlugins in_use() const;

    /// What was loaded here, or taken from what was refused: what a reload leaves behind that is
    /// refused now.
    std::vector<RefusedPlugins::Loaded> loaded() const;

private:
    base::Errors look(const std::string& where, const std::string& name);
    base::Errors stage(const std::string& where,
                       const std::string& name,
                       const plugin::PluginFile& file);
    void replace(const std::string& name, plugin::StagedPlugin staged, std::string refused);
    /// The same, with one that is loaded.
    void take(const std::string& name,
              plugin::StagedPlugin staged,
              std::shared_ptr<unit::Generation> generation,
              std::string refused);
    base::Result<std::shared_ptr<unit::Generation>> load(const Wanted& wanted);

    Workshop workshop_;
    RunningPlugins plugins_;
    std::set<std::string> found_;
    std::set<std::string> failed_;
    std::set<std::string> changed_;
    std::set<std::string> loaded_;
};

/// "protohost.yaml:12:9: listeners.web.protocol".
std::string place_of_protocol(const PluginSet::Wanted& wanted);

}  // namespace protohost::supervisor

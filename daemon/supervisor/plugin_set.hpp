// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/plugin/staging.hpp"
#include "daemon/unit/binding.hpp"
#include "daemon/unit/generations.hpp"

namespace protohost::supervisor {

/// The plugins that a configuration needs, each loaded once for all units that name it.
class PluginSet {
public:
    PluginSet(plugin::StagingDirectory& staging,
              unit::Generations& generations,
              std::vector<std::string> directories);

    /// What a definition needs of a factory.
    struct Wanted {
        const model::UnitSpec& spec;
        std::string_view section;  ///< "listeners"
        std::string title;         ///< "listener echo"
        std::uint32_t kind;        ///< PH_STREAM, PH_DATAGRAM
    };

    /// [load] The factory that the definition names, configured with its options. A plugin that
    /// cannot be loaded is reported for the first unit that needs it, and silently missing for the
    /// others.
    base::Result<std::shared_ptr<unit::Binding>> bind(const Wanted& wanted);

private:
    using Loaded = base::Result<std::shared_ptr<unit::Generation>>;

    Loaded load(const std::string& where, const std::string& name);

    plugin::StagingDirectory& staging_;
    unit::Generations& generations_;
    std::vector<std::string> directories_;
    std::map<std::string, std::shared_ptr<unit::Generation>> loaded_;  ///< nullptr: failed
};

}  // namespace protohost::supervisor

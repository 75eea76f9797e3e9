// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string_view>
#include <vector>

#include "daemon/plugin/staging.hpp"
#include "daemon/unit/generations.hpp"

namespace protohost::supervisor {

/// What was loaded for reloads that were refused. The next one that wants the same bytes takes it
/// from here: were it loaded anew each time, and its code stays mapped, an operator who tries until
/// it works, or a script that never stops trying, would fill the daemon's memory map.
///
/// Changed on the loop between attempts; read by the one that runs.
class RefusedPlugins {
public:
    struct Loaded {
        plugin::StagedPlugin staged;
        std::shared_ptr<unit::Generation> generation;
    };

    /// So many are kept, those that were wanted last.
    static constexpr std::size_t most = 8;
    /// And for so many reloads that do not want it.
    static constexpr unsigned patience = 32;

    /// nullptr: there is none.
    const Loaded* find(std::string_view plugin, std::string_view sha256) const;

    /// A reload is over: `refused` is what it had loaded, empty where it was applied, and `used`
    /// what runs now. The rest grows older.
    void concluded(std::vector<Loaded> refused, const std::vector<const unit::Generation*>& used);

private:
    struct Kept {
        Loaded loaded;
        unsigned age = 0;
    };

    std::list<Kept> kept_;  ///< the last wanted first
};

}  // namespace protohost::supervisor

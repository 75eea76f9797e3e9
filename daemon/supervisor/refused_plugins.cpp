// SPDX-License-Identifier: MIT
#include "daemon/supervisor/refused_plugins.hpp"

#include <algorithm>
#include <utility>

namespace protohost::supervisor {

const RefusedPlugins::Loaded* RefusedPlugins::find(std::string_view plugin,
                                                   std::string_view sha256) const {
    const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const Kept& kept) {
        const plugin::StagedPlugin& staged = kept.loaded.staged;
        return staged.identity.name == plugin && staged.contents.sha256 == sha256;
    });
    return found != kept_.end() ? &found->loaded : nullptr;
}

void RefusedPlugins::concluded(std::vector<Loaded> refused,
                               const std::vector<const unit::Generation*>& used) {
    for (Kept& kept : kept_) ++kept.age;
    const auto is_past = [&](const Kept& kept) {
        const unit::Generation* const generation = kept.loaded.generation.get();
        const auto is_wanted = [&](const Loaded& loaded) {
            return loaded.generation.get() == generation;
        };
        return kept.age > patience ||
               std::find(used.begin(), used.end(), generation) != used.end() ||
               std::any_of(refused.begin(), refused.end(), is_wanted);
    };
    kept_.remove_if(is_past);
    for (Loaded& loaded : refused) kept_.push_front({std::move(loaded)});
    if (kept_.size() > most) kept_.resize(most);
}

}  // namespace protohost::supervisor

// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/plugin/module.hpp"
#include "daemon/unit/context.hpp"
#include "daemon/unit/generation_status.hpp"
#include "daemon/unit/hand_over.hpp"

namespace protohost::unit {

class Binding;

/// One loaded plugin file and its instance. Held by its bindings, and so by every live connection:
/// code is never retired under a running callback. Made and retired by Generations.
class Generation {
public:
    /// [load] Maps the staged file and calls its entry.
    static base::Result<std::unique_ptr<Generation>> open(const plugin::StagedPlugin& staged,
                                                          const ph_host& host,
                                                          net::Loop& loop,
                                                          std::shared_ptr<HandOver> hand_over);
    /// [loop] Unloads it where nobody has. Its code stays mapped.
    ~Generation();
    Generation(const Generation&) = delete;
    Generation& operator=(const Generation&) = delete;

    /// [load] Once. Calls the plugin's load.
    base::Errors load();

    const std::shared_ptr<plugin::Module>& module() const { return module_; }
    const plugin::StagedPlugin& staged() const { return module_->staged(); }

    /// For one factory of it.
    std::unique_ptr<ph_ctx> make_context(const std::string& unit_title) const {
        return std::make_unique<ph_ctx>(loop_, module_->name(), unit_title, module_->generation());
    }

    /// [any] Counts `binding` among the holders, as `unit`. It is destroyed on the loop, on
    /// whatever thread the last of its holders lets go.
    std::shared_ptr<Binding> share(std::unique_ptr<Binding> binding, const std::string& unit);

    /// [any] The bindings that live.
    std::vector<GenerationStatus::Holder> holders() const;
    /// [any] Whether it would be held, by connections or by what is under way, also where its units
    /// let go of it.
    bool is_in_use() const;

    // [loop] The way to its end, for Generations.

    /// Asks it to stop by `deadline`; `why` is what a failed one says.
    ph_status quiesce(std::uint64_t deadline, std::string& why);
    /// From here on nothing that it scheduled is called.
    void drop_scheduled();
    void unload();
    /// Why its code is still mapped, or empty.
    std::string unmap() { return module_->unmap(); }

private:
    Generation(std::shared_ptr<plugin::Module> module,
               net::Loop& loop,
               std::shared_ptr<HandOver> hand_over);

    struct Holder {
        std::string unit;
        std::weak_ptr<Binding> binding;
    };

    net::Loop& loop_;
    const std::shared_ptr<HandOver> hand_over_;
    std::unique_ptr<ph_ctx> context_;
    std::shared_ptr<plugin::Module> module_;
    mutable std::mutex mutex_;
    std::vector<Holder> holders_;  // guarded by mutex_
};

}  // namespace protohost::unit

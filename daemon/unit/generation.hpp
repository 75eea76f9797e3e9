// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "daemon/base/error.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/plugin/module.hpp"
#include "daemon/unit/context.hpp"

namespace protohost::unit {

/// One loaded plugin file and its instance. Held by its bindings, and so by every live connection:
/// code is never retired under a running callback.
class Generation {
public:
    /// [load] Maps the staged file and calls the plugin's load.
    static base::Result<std::shared_ptr<Generation>> load(const plugin::StagedPlugin& staged,
                                                          const ph_host& host,
                                                          net::Loop& loop);
    ~Generation();
    Generation(const Generation&) = delete;
    Generation& operator=(const Generation&) = delete;

    const std::shared_ptr<plugin::Module>& module() const { return module_; }

    /// For one factory of it.
    std::unique_ptr<ph_ctx> make_context(const std::string& unit_title) const {
        return std::make_unique<ph_ctx>(context_->loop, module_->name(), unit_title);
    }

private:
    Generation(std::shared_ptr<plugin::Module> module, net::Loop& loop);

    std::unique_ptr<ph_ctx> context_;
    std::shared_ptr<plugin::Module> module_;
};

}  // namespace protohost::unit

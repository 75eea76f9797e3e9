// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "daemon/base/error.hpp"
#include "daemon/plugin/declaration.hpp"
#include "daemon/plugin/staging.hpp"

#include <protohost/abi.h>

namespace protohost::plugin {

/// One loaded plugin file: one generation. Held by its units and by every live connection, so that
/// what a plugin allocated is gone before its unload is called.
///
///     open -> load -> Factory::configure* ... the last Factory is gone -> unload, by the
///     destructor
///
/// The code stays mapped after that: see open_library.
class Module {
public:
    /// Maps the staged copy, calls its entry function and checks what that returns. `host` is given
    /// to the plugin and must live as long as the process.
    static base::Result<std::shared_ptr<Module>> open(const StagedPlugin& staged,
                                                      const ph_host& host);

    Module(const Module&) = delete;
    Module& operator=(const Module&) = delete;
    /// [loop], or [load] where nothing was committed.
    ~Module();

    /// [load] Once. Calls the plugin's load; before that no code of it but its entry function runs.
    /// `context` must outlive the module.
    base::Errors load(ph_ctx* context);

    /// [loop] PH_E_BUSY: not yet. PH_OK where the plugin has nothing to stop.
    ph_status quiesce(std::uint64_t deadline);

    const Identity& identity() const { return staged_.identity; }
    const std::string& name() const { return staged_.identity.name; }
    unsigned generation() const { return staged_.generation; }
    const std::string& source_path() const { return staged_.source; }
    const std::string& staged_path() const { return staged_.path; }

    std::span<const DeclaredFactory> factories() const { return declaration_.factories; }

    /// The factory of that name; empty: the only one, or the one with the plugin's name. The result
    /// lives as long as the module. `where` is the place that asked for it.
    base::Result<const DeclaredFactory*> find_factory(const std::string& where,
                                                      std::string_view name) const;

    // What the plugin's functions are called with; from load on.
    ph_ctx* context() const { return context_; }
    void* instance() const { return instance_; }

private:
    Module(const StagedPlugin& staged, const ph_host& host, Declaration declaration);

    StagedPlugin staged_;
    const ph_host& host_;
    Declaration declaration_;
    ph_ctx* context_ = nullptr;
    void* instance_ = nullptr;
    bool loaded_ = false;
};

}  // namespace protohost::plugin

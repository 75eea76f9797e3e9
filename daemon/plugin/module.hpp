// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "daemon/base/error.hpp"
#include "daemon/plugin/declaration.hpp"
#include "daemon/plugin/library.hpp"
#include "daemon/plugin/staging.hpp"

#include <protohost/abi.h>

namespace protohost::plugin {

/// One loaded plugin file: one generation. Held by its factories, so that what a plugin allocated
/// is gone before its unload is called.
///
///     open -> load -> Factory::configure* ... the last Factory is gone -> quiesce* -> unload
///
/// The code stays mapped after that, unless it is unmapped by unmap(): see Library.
class Module {
public:
    /// [load] Calls the entry function of mapped code and checks what that returns. `host` is given
    /// to the plugin and must live as long as the process.
    static base::Result<std::shared_ptr<Module>> open(Library library,
                                                      const StagedPlugin& staged,
                                                      const ph_host& host);
    /// [load] The same, of a copy that is yet to be mapped.
    static base::Result<std::shared_ptr<Module>> open(const StagedPlugin& staged,
                                                      const ph_host& host);

    Module(const Module&) = delete;
    Module& operator=(const Module&) = delete;
    /// [loop], or [load] where nothing was committed. Unloads it where nobody has.
    ~Module();

    /// [load] Once. Calls the plugin's load; before that no code of it but its entry function runs.
    /// `context` must outlive the module.
    base::Errors load(ph_ctx* context);

    /// [loop] PH_E_BUSY: not yet. PH_OK where the plugin has nothing to stop.
    ph_status quiesce(std::uint64_t deadline);

    /// [loop] Calls the plugin's unload, where load was called and unload was not.
    void unload();

    /// [loop] After unload(). Why its code is still mapped; empty: it is not, and from here on this
    /// can only tell who it was.
    std::string unmap();

    const Identity& identity() const { return staged_.identity; }
    const std::string& name() const { return staged_.identity.name; }
    unsigned generation() const { return staged_.generation; }
    const StagedPlugin& staged() const { return staged_; }

    std::span<const DeclaredFactory> factories() const { return declaration_.factories; }

    /// The factory of that name; empty: the only one, or the one with the plugin's name. The result
    /// lives as long as the module. `where` is the place that asked for it.
    base::Result<const DeclaredFactory*> find_factory(const std::string& where,
                                                      std::string_view name) const;

    // What the plugin's functions are called with; from load on.
    ph_ctx* context() const { return context_; }
    void* instance() const { return instance_; }

private:
    Module(Library library,
           const StagedPlugin& staged,
           const ph_host& host,
           Declaration declaration);

    Library library_;
    StagedPlugin staged_;
    const ph_host& host_;
    Declaration declaration_;
    ph_ctx* context_ = nullptr;
    void* instance_ = nullptr;
    bool loaded_ = false;
};

}  // namespace protohost::plugin

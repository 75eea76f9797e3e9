// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "daemon/base/error.hpp"
#include "daemon/model/node.hpp"
#include "daemon/plugin/module.hpp"

#include <protohost/abi.h>

namespace protohost::plugin {

/// A protocol factory of a plugin with the options of one binding. Holds its module.
class Factory {
public:
    /// [load] Checks the options against the declaration, then lets the plugin configure itself.
    /// `declared` belongs to `module`, which has been loaded. Has no side effects, so that a check
    /// of the configuration can do it too. `context` is what the plugin's functions are called
    /// with, and outlives the factory; nullptr: the module's own.
    static base::Result<std::unique_ptr<Factory>> configure(std::shared_ptr<Module> module,
                                                            const DeclaredFactory& declared,
                                                            const model::Node& options,
                                                            ph_ctx* context = nullptr);

    Factory(const Factory&) = delete;
    Factory& operator=(const Factory&) = delete;
    /// [loop], or [load] where nothing was committed. After the last protocol's destroy.
    ~Factory();

    /// [loop] For one connection. A status below zero leaves `out` empty and failure_text() to say
    /// why; that the plugin returned a protocol that cannot be used is one of the reasons.
    ph_status make_protocol(ph_proto& out);

    /// [loop] Once, after the configuration with this binding was committed.
    ph_status started();
    /// [loop] Once, after started(): nothing new comes to it.
    ph_status stopped();

    const Module& module() const { return *module_; }
    const DeclaredFactory& declared() const { return declared_; }
    /// PH_STREAM ...: what make_protocol() makes, and nothing else.
    std::uint32_t kind() const { return declared_.kind; }

private:
    Factory(std::shared_ptr<Module> module,
            const DeclaredFactory& declared,
            ph_ctx* context,
            void* factory);

    std::shared_ptr<Module> module_;
    const DeclaredFactory& declared_;
    ph_ctx* context_;
    void* factory_;
};

/// What keeps a protocol from a plugin from being used where `kind` is wanted, or empty. Also for
/// what a plugin passes to set_protocol.
std::string protocol_fault(const ph_proto& protocol, std::uint32_t kind);

}  // namespace protohost::plugin

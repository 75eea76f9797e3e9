// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "daemon/base/error.hpp"
#include "daemon/base/log.hpp"
#include "daemon/model/node.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/plugin/factory.hpp"
#include "daemon/plugin/module.hpp"
#include "daemon/unit/scheduled_calls.hpp"

#include <protohost/abi.h>

/// What the border calls a ph_ctx: one plugin instance, and what the daemon keeps for it.
struct ph_ctx {
    ph_ctx(protohost::net::Loop& shared_loop, const std::string& plugin)
        : loop(shared_loop), log("plugin." + plugin), calls(shared_loop, log) {}

    /// [loop] Once for each instance: whoever does it, does it often.
    void report_stale_transport();

    protohost::net::Loop& loop;
    protohost::base::Log log;
    protohost::unit::ScheduledCalls calls;
    bool stale_transport_reported = false;
};

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

private:
    Generation(std::shared_ptr<plugin::Module> module, net::Loop& loop);

    std::unique_ptr<ph_ctx> context_;
    std::shared_ptr<plugin::Module> module_;
};

/// A factory with the options of one unit, and the generation that it came from. Shared between the
/// unit and its connections, which may outlive the unit's interest in it.
class Binding {
public:
    Binding(std::shared_ptr<Generation> generation, std::unique_ptr<plugin::Factory> factory)
        : generation_(std::move(generation)), factory_(std::move(factory)) {}

    plugin::Factory& factory() { return *factory_; }
    const Generation& generation() const { return *generation_; }

private:
    std::shared_ptr<Generation> generation_;  // outlives the factory
    std::unique_ptr<plugin::Factory> factory_;
};

}  // namespace protohost::unit

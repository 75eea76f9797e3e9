// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "daemon/base/error.hpp"
#include "daemon/base/log.hpp"
#include "daemon/model/node.hpp"
#include "daemon/plugin/factory.hpp"
#include "daemon/unit/context.hpp"
#include "daemon/unit/generation.hpp"

namespace protohost::unit {

/// A factory with the options of one unit, the context that it calls the daemon with, and the
/// generation that it came from. Shared between the unit and its connections, which may outlive the
/// unit's interest in it.
class Binding {
public:
    /// [load] `title` is the unit's: "listener echo". No side effects. May be released on any
    /// thread.
    static base::Result<std::shared_ptr<Binding>> make(
        const std::shared_ptr<Generation>& generation,
        const plugin::DeclaredFactory& declared,
        const model::Node& options,
        const std::string& title);
    /// [loop]
    ~Binding();
    Binding(const Binding&) = delete;
    Binding& operator=(const Binding&) = delete;

    plugin::Factory& factory() { return *factory_; }
    ph_ctx& context() { return *context_; }

    /// "echo/echo", as a log line has it.
    std::string protocol_name() const;
    unsigned generation_number() const { return factory_->module().generation(); }
    const std::string& plugin_name() const { return factory_->module().name(); }
    /// Of a line about its code. `event` is one of base/log_events.hpp.
    base::LogFields about(std::string_view event = {}) const {
        return {.id = event, .plugin = plugin_name(), .generation = generation_number()};
    }

private:
    Binding(std::shared_ptr<Generation> generation, std::unique_ptr<ph_ctx> context);

    // Released in the opposite order: a factory uses its context, both are code of the generation.
    std::shared_ptr<Generation> generation_;
    std::unique_ptr<ph_ctx> context_;
    std::unique_ptr<plugin::Factory> factory_;
};

}  // namespace protohost::unit

// SPDX-License-Identifier: MIT
#include "daemon/control/declared_protocols.hpp"

#include <string>

#include "daemon/plugin/option_type.hpp"

namespace protohost::control {

namespace {

config::DeclaredOption declared(const ph_option& option) {
    return {.key = std::string(plugin::view(option.key)),
            .type = std::string(plugin::type_name(option.type)),
            .required = (option.flags & PH_OPTION_REQUIRED) != 0,
            .default_value = std::string(plugin::view(option.deflt)),
            .help = std::string(plugin::view(option.help))};
}

}  // namespace

std::vector<config::DeclaredProtocol> declared_protocols(
    const supervisor::RunningPlugins& plugins) {
    std::vector<config::DeclaredProtocol> protocols;
    for (const auto& [name, running] : plugins) {
        for (const plugin::DeclaredFactory& factory : running.generation->module()->factories()) {
            auto& protocol = protocols.emplace_back();
            protocol.plugin = name;
            protocol.factory = factory.name;
            protocol.kind = std::string(plugin::kind_name(factory.kind));
            for (const ph_option& option : factory.options) {
                protocol.options.push_back(declared(option));
            }
        }
    }
    return protocols;
}

}  // namespace protohost::control

// SPDX-License-Identifier: MIT
#include "daemon/supervisor/held_here.hpp"

#include <cerrno>
#include <string>

#include "daemon/base/format.hpp"

namespace protohost::supervisor {

namespace {

using Kind = model::Address::Kind;

bool is_every_address(const std::string& host) {
    return host == "0.0.0.0" || host == "::";
}

bool exclude_each_other(const model::Address& one, const model::Address& other) {
    if (one == other) return true;
    const bool internet = one.kind == Kind::tcp || one.kind == Kind::udp;
    return internet && one.kind == other.kind && one.port == other.port &&
           (is_every_address(one.host) || is_every_address(other.host));
}

/// "listeners.web has tcp://0.0.0.0:80", or empty.
std::string holder_of(const model::Address& wanted, const model::Configuration& running) {
    const auto says = [&](std::string_view section, const std::string& name, const auto& address) {
        return exclude_each_other(wanted, model::canonical(address))
                   ? base::format("{}.{} has {}", section, name, model::to_string(address))
                   : "";
    };
    for (const auto& [name, spec] : running.listeners) {
        for (const auto& listen : spec.listen) {
            if (auto text = says("listeners", name, listen.value); !text.empty()) return text;
        }
    }
    for (const auto& [name, spec] : running.endpoints) {
        if (spec.kind != model::EndpointSpec::Kind::bind) continue;
        if (auto text = says("endpoints", name, spec.address.value); !text.empty()) return text;
    }
    return {};
}

}  // namespace

base::Errors held_here(base::Errors errors,
                       const model::Address& address,
                       const model::Configuration& running) {
    for (base::Error& error : errors) {
        if (error.os_errno != EADDRINUSE) continue;
        const std::string holder = holder_of(model::canonical(address), running);
        if (holder.empty()) continue;
        error.what += ": " + holder + " in this daemon, until the reload is over";
        error.hint = "make it two reloads, the first without that one";
    }
    return errors;
}

}  // namespace protohost::supervisor

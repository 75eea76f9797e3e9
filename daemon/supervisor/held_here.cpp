// SPDX-License-Identifier: MIT
#include "daemon/supervisor/held_here.hpp"

#include <cerrno>
#include <cstddef>

#include "daemon/base/format.hpp"
#include "daemon/unit/endpoint.hpp"
#include "daemon/unit/listener.hpp"

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
std::string holder_of(const model::Address& wanted,
                      const model::Configuration& running,
                      const std::set<std::string>& open) {
    const auto holds = [&](const std::string& key, const model::Address& address) {
        return open.contains(key) && exclude_each_other(wanted, model::canonical(address));
    };
    for (const auto& [name, spec] : running.listeners) {
        for (std::size_t i = 0; i < spec.listen.size(); ++i) {
            const model::Address& address = spec.listen[i].value;
            if (holds(unit::Listener::socket_key(spec, i), address)) {
                return base::format("listeners.{} has {}", name, model::to_string(address));
            }
        }
    }
    for (const auto& [name, spec] : running.endpoints) {
        if (spec.kind == model::EndpointSpec::Kind::bind &&
            holds(unit::Endpoint::socket_key(spec), spec.address.value)) {
            return base::format("endpoints.{} has {}", name, model::to_string(spec.address.value));
        }
    }
    return {};
}

}  // namespace

base::Errors held_here(base::Errors errors,
                       const model::Address& address,
                       const model::Configuration& running,
                       const std::set<std::string>& open) {
    for (base::Error& error : errors) {
        if (error.os_errno != EADDRINUSE) continue;
        const std::string holder = holder_of(model::canonical(address), running, open);
        if (holder.empty()) continue;
        error.what += ": " + holder + " in this daemon, until the reload is over";
        error.hint = "make it two reloads, the first without that one";
    }
    return errors;
}

}  // namespace protohost::supervisor

// SPDX-License-Identifier: MIT
#include "daemon/config/check_unique.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/format.hpp"
#include "daemon/base/utf8.hpp"
#include "daemon/config/keys.hpp"
#include "daemon/model/value.hpp"

namespace protohost::config {
namespace {

using model::Address;

/// Somebody has an address for himself.
struct Claim {
    Address address;
    model::Place place;
    std::string owner;  ///< "listeners.web"
    std::string key;    ///< "listeners.web.listen"
    bool shares = false;
    bool bound = false;  ///< for datagrams
    Report::Position position = {};
};

std::string unit_path(std::string_view section, const std::string& name) {
    return model::path_to(std::string(section), name);
}

bool is_internet(const Address& address) {
    return address.kind == Address::Kind::tcp || address.kind == Address::Kind::udp;
}

/// Not port 0, which is another one each time.
bool is_fixed(const Address& address) {
    return !is_internet(address) || address.port != 0;
}

/// Two that are equal here cannot be had by two: a path is one file, whatever kind of socket it
/// leads to. Abstract names are of streams or of datagrams, and one of systemd is of both: a socket
/// unit gives it to all that it opens.
std::pair<Address, bool> taken_as(const Claim& claim) {
    Address taken = model::canonical(claim.address);
    if (taken.kind == Address::Kind::unixgram_path) taken.kind = Address::Kind::unix_path;
    const bool by_name = taken.kind == Address::Kind::systemd;
    return {std::move(taken), by_name && claim.bound};
}

/// Where an endpoint is bound to: several may come from one internet address, but a UNIX socket's
/// is its own.
void add_claims(const model::EndpointSpec& spec, std::vector<Claim>& claims) {
    using Kind = model::EndpointSpec::Kind;
    const std::string owner = unit_path(keys::top::endpoints, spec.name);
    const bool bound = spec.kind == Kind::bind;
    const auto add = [&](const Address& address, const model::Place& place, std::string key) {
        claims.push_back({address, place, owner, std::move(key), spec.socket.reuse_port, bound});
    };
    if (bound || spec.address.value.kind == Address::Kind::descriptor) {
        add(spec.address.value,
            spec.address.place,
            model::path_to(owner, bound ? keys::endpoint::bind : keys::endpoint::connect));
    }
    if (spec.descriptor >= 0) {
        const bool read = spec.kind == Kind::read;
        add({.kind = Address::Kind::descriptor,
             .host = {},
             .path = {},
             .descriptor = spec.descriptor},
            spec.path.place,
            model::path_to(owner, read ? keys::endpoint::read : keys::endpoint::write));
    }
    if (const auto& local = spec.socket.local; local && !is_internet(local->value)) {
        add(local->value,
            local->place,
            model::path_to(model::path_to(owner, keys::unit::socket), keys::socket::local));
    }
}

std::vector<Claim> all_claims(const model::Configuration& configuration) {
    std::vector<Claim> claims;
    if (const auto& socket = configuration.control.socket) {
        const std::string key =
            unit_path(keys::top::control, std::string(keys::control::socket.name));
        claims.push_back({{.kind = Address::Kind::unix_path, .host = {}, .path = socket->value},
                          socket->place,
                          key,
                          key,
                          false});
    }
    for (const auto& [name, spec] : configuration.listeners) {
        const std::string owner = unit_path(keys::top::listeners, name);
        const std::string key = model::path_to(owner, keys::listener::listen);
        for (const auto& [address, place] : spec.listen) {
            claims.push_back({address, place, owner, key, spec.socket.reuse_port});
        }
    }
    for (const auto& [name, spec] : configuration.endpoints) add_claims(spec, claims);
    return claims;
}

void check_addresses(const model::Configuration& configuration, Report& report) {
    std::vector<Claim> claims = all_claims(configuration);
    for (Claim& claim : claims) claim.position = report.position_of(claim.place);
    std::stable_sort(claims.begin(), claims.end(), [](const Claim& a, const Claim& b) {
        return a.position < b.position;
    });
    std::map<std::pair<Address, bool>, const Claim*> taken;
    for (const Claim& claim : claims) {
        if (!is_fixed(claim.address)) continue;
        const auto [entry, fresh] = taken.try_emplace(taken_as(claim), &claim);
        if (fresh) continue;
        const Claim& first = *entry->second;
        const bool same_unit = claim.owner == first.owner;
        const bool can_share = is_internet(claim.address) && !same_unit;
        if (can_share && claim.shares && first.shares) continue;
        const char* const hint = same_unit   ? "remove one of the two"
                                 : can_share ? "choose another, or set socket.reuse_port in both"
                                             : "choose another";
        report.add(claim.place,
                   {model::to_string(claim.place, claim.key),
                    base::format("{} is already taken by {} at {}",
                                 base::printable(model::to_string(claim.address)),
                                 first.owner,
                                 model::to_string(first.place)),
                    hint});
    }
}

/// A unit, by what has its name.
struct Named {
    std::string_view section;
    const model::Place* place;
};

template <class Spec>
void add_names(std::string_view section,
               const std::map<std::string, Spec>& units,
               std::map<std::string, std::vector<Named>>& names) {
    for (const auto& [name, spec] : units) names[name].push_back({section, &spec.place});
}

void check_names(const model::Configuration& configuration, Report& report) {
    std::map<std::string, std::vector<Named>> names;
    add_names(keys::top::listeners, configuration.listeners, names);
    add_names(keys::top::endpoints, configuration.endpoints, names);
    add_names(keys::top::subprocesses, configuration.subprocesses, names);
    for (auto& [name, units] : names) {
        std::stable_sort(units.begin(), units.end(), [&](const Named& a, const Named& b) {
            return report.position_of(*a.place) < report.position_of(*b.place);
        });
        const Named& first = units.front();
        for (std::size_t i = 1; i < units.size(); ++i) {
            report.add(*units[i].place,
                       {model::to_string(*units[i].place, unit_path(units[i].section, name)),
                        base::format("the name is already taken by {} at {}",
                                     unit_path(first.section, name),
                                     model::to_string(*first.place)),
                        "rename one of the two"});
        }
    }
}

}  // namespace

void check_unique(const model::Configuration& configuration, Report& report) {
    check_names(configuration, report);
    check_addresses(configuration, report);
}

}  // namespace protohost::config

// SPDX-License-Identifier: MIT
#include <set>
#include <string>
#include <utility>

#include "daemon/net/socket_file.hpp"
#include "daemon/net/socket_options.hpp"
#include "daemon/supervisor/attempt.hpp"
#include "daemon/supervisor/held_here.hpp"
#include "daemon/unit/endpoint.hpp"
#include "daemon/unit/listener.hpp"

// The sockets that an attempt opens, takes back, or leaves where they are.

namespace protohost::supervisor {

using Section = UnitId::Section;

namespace {

std::string place_of_bind(const model::EndpointSpec& spec) {
    return model::to_string(spec.address.place, "endpoints." + spec.name + ".bind");
}

/// What its socket that stays is to be given, as far as it could be refused.
base::Errors rehearse_datagrams(const model::EndpointSpec& spec) {
    const std::string where = place_of_bind(spec);
    base::Errors errors = net::rehearse_ownership(spec.socket, where);
    base::append(errors, net::rehearse_multicast(spec.socket, where));
    return errors;
}

std::vector<net::KeptSocket> taken_from(DescriptorStore* store, const std::string& key) {
    return store != nullptr ? store->take(key) : std::vector<net::KeptSocket>();
}

}  // namespace

base::Errors Attempt::open(PreparedUnit& unit) const {
    switch (unit.id.section) {
        case Section::listeners:
            return open_listening(unit);
        case Section::endpoints:
            return open_datagrams(unit);
        case Section::subprocesses:
            break;
    }
    return {};
}

base::Errors Attempt::open_listening(PreparedUnit& unit) const {
    const model::ListenerSpec& spec = desired_->listeners.at(unit.id.name);
    base::Errors errors;
    for (std::size_t i = 0; i < spec.listen.size(); ++i) {
        const std::string key = unit::Listener::socket_key(spec, i);
        const std::string where =
            model::to_string(spec.listen[i].place, "listeners." + spec.name + ".listen");
        // What any running listener has is taken over, from whichever it is: two may swap.
        if (running_.sockets.contains(key)) {
            base::append(errors, net::rehearse_ownership(spec.socket, where));
            continue;
        }
        auto opened = listening(spec, i, where);
        if (opened) {
            unit.listening.emplace(key, std::move(*opened));
        } else {
            base::append(errors,
                         held_here(opened.error(),
                                   spec.listen[i].value,
                                   *running_.configuration,
                                   running_.sockets));
        }
    }
    return errors;
}

base::Result<std::vector<net::ListeningSocket>> Attempt::listening(const model::ListenerSpec& spec,
                                                                   std::size_t entry,
                                                                   const std::string& where) const {
    const model::Address& address = spec.listen[entry].value;
    const std::string key = unit::Listener::socket_key(spec, entry);
    if (auto kept = taken_from(means_.kept, key); !kept.empty()) {
        auto back = net::take_back_listening(std::move(kept), address, spec.socket, where);
        if (!back) return back.error();
        if (*back) return std::move(**back);
        means_.kept->give_up(key);
    }
    return net::open_listening(address, spec.socket, where, &means_.passed);
}

base::Result<net::DatagramSocket> Attempt::datagrams(const model::EndpointSpec& spec) const {
    const std::string key = unit::Endpoint::socket_key(spec);
    if (auto kept = taken_from(means_.kept, key); !kept.empty()) {
        auto back = net::take_back_datagrams(std::move(kept.front()),
                                             {spec.address.value, std::nullopt, spec.socket},
                                             place_of_bind(spec));
        if (!back) return back.error();
        if (*back) return std::move(**back);
        means_.kept->give_up(key);
    }
    return unit::Endpoint::open_bound(spec, &means_.passed);
}

void Attempt::keep_what_is_wanted() const {
    if (means_.kept == nullptr) return;
    std::set<std::string> keys;
    for (const auto& [name, spec] : desired_->listeners) {
        for (std::size_t i = 0; i < spec.listen.size(); ++i) {
            keys.insert(unit::Listener::socket_key(spec, i));
        }
    }
    for (const auto& [name, spec] : desired_->endpoints) {
        if (unit::Endpoint::is_keepable(spec)) keys.insert(unit::Endpoint::socket_key(spec));
    }
    means_.kept->keep_only(keys);
}

base::Errors Attempt::open_datagrams(PreparedUnit& unit) const {
    const model::EndpointSpec& spec = desired_->endpoints.at(unit.id.name);
    if (spec.kind != model::EndpointSpec::Kind::bind) return {};
    // What any running endpoint has is taken over, from whichever it is: two may swap.
    const bool is_open = running_.sockets.contains(unit::Endpoint::socket_key(spec));
    const bool opens = unit.change.moved || unit.change.factory;
    if (is_open || !opens) return rehearse_datagrams(spec);
    auto socket = datagrams(spec);
    if (!socket)
        return held_here(
            socket.error(), spec.address.value, *running_.configuration, running_.sockets);
    unit.datagrams.emplace(std::move(*socket));
    return {};
}

}  // namespace protohost::supervisor

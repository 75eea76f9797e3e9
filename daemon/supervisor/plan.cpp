// SPDX-License-Identifier: MIT
#include "daemon/supervisor/plan.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>

namespace protohost::supervisor {
namespace {

using Section = UnitId::Section;
using model::EndpointSpec;
using model::ListenerSpec;
using model::SocketSettings;
using model::SubprocessSpec;

std::vector<model::Address> canonical_addresses(const ListenerSpec& spec) {
    std::vector<model::Address> addresses;
    for (const auto& listen : spec.listen) addresses.push_back(model::canonical(listen.value));
    std::sort(addresses.begin(), addresses.end());
    return addresses;
}

/// Whether both listen at one address that has a place: two sockets of port 0 are strangers.
bool share_an_address(const ListenerSpec& running, const ListenerSpec& desired) {
    const auto before = canonical_addresses(running);
    const auto after = canonical_addresses(desired);
    std::vector<model::Address> both;
    std::set_intersection(
        before.begin(), before.end(), after.begin(), after.end(), std::back_inserter(both));
    return !both.empty();
}

/// What a socket that is bound keeps for life.
void keep_bound(const SocketSettings& running, SocketSettings& desired) {
    desired.reuse_port = running.reuse_port;
    desired.ipv6_only = running.ipv6_only;
}

ListenerSpec applied_spec(const ListenerSpec& running, ListenerSpec desired) {
    if (share_an_address(running, desired)) keep_bound(running.socket, desired.socket);
    return desired;
}

/// Whether a `bind` has the same socket in both.
bool keeps_socket(const EndpointSpec& running, const EndpointSpec& desired) {
    return running.kind == EndpointSpec::Kind::bind && desired.kind == running.kind &&
           running.address == desired.address && running.remote == desired.remote;
}

/// Whether the socket is connected to its remote hangs on this.
bool keeps_broadcast(const EndpointSpec& running) {
    return running.remote.has_value();
}

// Of the others, another way of opening the socket opens another one.
EndpointSpec applied_spec(const EndpointSpec& running, EndpointSpec desired) {
    if (!keeps_socket(running, desired)) return desired;
    keep_bound(running.socket, desired.socket);
    if (keeps_broadcast(running)) desired.socket.broadcast = running.socket.broadcast;
    return desired;
}

// What differs about a process starts another one.
SubprocessSpec applied_spec(const SubprocessSpec&, SubprocessSpec desired) {
    return desired;
}

/// What has changed beside the definitions.
struct OnDisk {
    const std::set<std::string>& new_generations;
    const std::set<std::string>& new_contexts;
};

bool same_factory(const model::UnitSpec& running,
                  const model::UnitSpec& desired,
                  const OnDisk& on_disk) {
    return running.protocol == desired.protocol && running.options == desired.options &&
           !on_disk.new_generations.contains(desired.protocol.value.plugin);
}

bool same_tls(const model::UnitSpec& running,
              const model::UnitSpec& desired,
              const OnDisk& on_disk) {
    return running.tls == desired.tls && !on_disk.new_contexts.contains(desired.name);
}

bool same_tuning(const model::UnitSpec& running, const model::UnitSpec& desired) {
    return running.write_buffer == desired.write_buffer && running.timeouts == desired.timeouts &&
           running.limits == desired.limits;
}

Change difference(const ListenerSpec& running, const ListenerSpec& desired, const OnDisk& on_disk) {
    return {.retuned = !same_tuning(running, desired) || running.socket != desired.socket ||
                       running.proxy_protocol != desired.proxy_protocol,
            .factory = !same_factory(running, desired, on_disk),
            .moved = canonical_addresses(running) != canonical_addresses(desired),
            .tls = !same_tls(running, desired, on_disk)};
}

Change difference(const EndpointSpec& running, const EndpointSpec& desired, const OnDisk& on_disk) {
    const bool same_socket = running.socket == desired.socket;
    const bool stays = running.kind == desired.kind && running.address == desired.address &&
                       running.remote == desired.remote && running.path == desired.path &&
                       running.descriptor == desired.descriptor &&
                       (same_socket || keeps_socket(running, desired));
    return {.retuned = !same_tuning(running, desired) || running.reconnect != desired.reconnect ||
                       running.required != desired.required || (stays && !same_socket),
            .factory = !same_factory(running, desired, on_disk),
            .moved = !stays,
            .tls = !same_tls(running, desired, on_disk)};
}

bool has_protocol(const SubprocessSpec& spec) {
    return !spec.protocol.value.plugin.empty();
}

Change difference(const SubprocessSpec& running,
                  const SubprocessSpec& desired,
                  const OnDisk& on_disk) {
    // Without a protocol it has no standard input.
    const bool same_process =
        running.process == desired.process && has_protocol(running) == has_protocol(desired);
    return {.retuned = !same_tuning(running, desired) ||
                       running.stop_signal != desired.stop_signal ||
                       running.restart != desired.restart || running.backoff != desired.backoff ||
                       running.ready != desired.ready || running.depends_on != desired.depends_on ||
                       running.required != desired.required,
            .factory = !same_factory(running, desired, on_disk),
            .restarted = !same_process};
}

void note_restart(const UnitId& unit,
                  const SocketSettings& running,
                  const SocketSettings& desired,
                  Plan& plan) {
    const std::string socket = to_string(unit) + ".socket.";
    if (running.reuse_port != desired.reuse_port) plan.restart.push_back(socket + "reuse_port");
    if (running.ipv6_only != desired.ipv6_only) plan.restart.push_back(socket + "ipv6_only");
}

void note_restart(const UnitId& unit,
                  const ListenerSpec& running,
                  const ListenerSpec& desired,
                  Plan& plan) {
    if (share_an_address(running, desired)) {
        note_restart(unit, running.socket, desired.socket, plan);
    }
}

void note_restart(const UnitId& unit,
                  const EndpointSpec& running,
                  const EndpointSpec& desired,
                  Plan& plan) {
    if (!keeps_socket(running, desired)) return;
    note_restart(unit, running.socket, desired.socket, plan);
    if (keeps_broadcast(running) && running.socket.broadcast != desired.socket.broadcast) {
        plan.restart.push_back(to_string(unit) + ".socket.broadcast");
    }
}

void note_restart(const UnitId&, const SubprocessSpec&, const SubprocessSpec&, Plan&) {}

template <class Spec>
void compare(Section section,
             const std::map<std::string, Spec>& running,
             const std::map<std::string, Spec>& desired,
             const OnDisk& on_disk,
             Plan& plan) {
    for (const auto& [name, wanted] : desired) {
        const UnitId unit{section, name};
        const auto before = running.find(name);
        if (before == running.end()) {
            plan.added.push_back(unit);
            continue;
        }
        note_restart(unit, before->second, wanted, plan);
        const Spec spec = applied_spec(before->second, wanted);
        if (const Change change = difference(before->second, spec, on_disk)) {
            plan.changed.push_back({unit, change});
        } else {
            plan.unchanged.push_back(unit);
        }
    }
    for (const auto& [name, spec] : running) {
        if (!desired.contains(name)) plan.removed.push_back({section, name});
    }
}

}  // namespace

std::string to_string(const UnitId& unit) {
    constexpr std::array sections{"listeners.", "endpoints.", "subprocesses."};
    return sections[static_cast<std::size_t>(unit.section)] + unit.name;
}

std::string to_string(const Change& change) {
    std::string text;
    const auto add = [&](bool is, std::string_view word) {
        if (!is) return;
        if (!text.empty()) text += ", ";
        text += word;
    };
    add(change.moved, "moved");
    add(change.restarted, "restarted");
    add(change.factory, "new factory");
    add(change.tls, "new tls");
    add(change.retuned, "retuned");
    return text.empty() ? "unchanged" : text;
}

Plan make_plan(const model::Configuration& running,
               const model::Configuration& desired,
               const std::set<std::string>& new_generations,
               const std::set<std::string>& new_contexts) {
    const OnDisk on_disk{new_generations, new_contexts};
    Plan plan;
    compare(Section::listeners, running.listeners, desired.listeners, on_disk, plan);
    compare(Section::endpoints, running.endpoints, desired.endpoints, on_disk, plan);
    compare(Section::subprocesses, running.subprocesses, desired.subprocesses, on_disk, plan);
    if (running.state_directory != desired.state_directory) {
        plan.restart.push_back("state.directory");
    }
    if (running.control.socket != desired.control.socket) plan.restart.push_back("control.socket");
    if (running.user != desired.user) plan.restart.push_back("user");
    if (running.group != desired.group) plan.restart.push_back("group");
    return plan;
}

model::Configuration applied(const model::Configuration& running, model::Configuration desired) {
    for (auto& [name, spec] : desired.listeners) {
        const auto before = running.listeners.find(name);
        if (before != running.listeners.end()) spec = applied_spec(before->second, std::move(spec));
    }
    for (auto& [name, spec] : desired.endpoints) {
        const auto before = running.endpoints.find(name);
        if (before != running.endpoints.end()) spec = applied_spec(before->second, std::move(spec));
    }
    desired.state_directory = running.state_directory;
    desired.control.socket = running.control.socket;
    desired.user = running.user;
    desired.group = running.group;
    return desired;
}

}  // namespace protohost::supervisor

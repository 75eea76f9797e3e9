// SPDX-License-Identifier: MIT
#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "daemon/base/log_setup.hpp"
#include "daemon/net/acceptor.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/supervisor/supervisor.hpp"
#include "daemon/unit/endpoint.hpp"
#include "daemon/unit/subprocess.hpp"

// The last step of a reload: in one turn of the loop, and nothing in it fails.

namespace protohost::supervisor {

using Section = UnitId::Section;

namespace {

/// Whether what it binds is a socket that another endpoint has.
bool takes_over(const Attempt::PreparedUnit& unit, const model::EndpointSpec& spec) {
    return spec.kind == model::EndpointSpec::Kind::bind && unit.change.moved && !unit.datagrams;
}

/// By unit::Endpoint::socket_key().
std::set<std::string> sockets_taken_over(Attempt& attempt) {
    std::set<std::string> keys;
    for (const Attempt::PreparedUnit& unit : attempt.units()) {
        if (unit.id.section != Section::endpoints) continue;
        const model::EndpointSpec& spec = attempt.configuration()->endpoints.at(unit.id.name);
        if (takes_over(unit, spec)) keys.insert(unit::Endpoint::socket_key(spec));
    }
    return keys;
}

}  // namespace

void Supervisor::commit(Attempt& attempt) {
    const auto desired = attempt.configuration();
    const Plan& plan = attempt.plan();
    committing_ = true;
    base::configure_logging(desired->log, attempt.take_log_file());
    shared_.loop.write_budget().set_limit(desired->memory.write_buffers);

    // Every socket that changes hands is on the table before anyone takes one: two may swap.
    Sockets sockets = take_sockets(attempt);
    for (Attempt::PreparedUnit& unit : attempt.units()) {
        if (!unit.added) change(*desired, unit, sockets);
    }
    std::vector<std::unique_ptr<unit::Unit>> removed;
    for (const UnitId& id : plan.removed) {
        removed.push_back(std::move(units_.extract(id.name).mapped()));
    }
    for (Attempt::PreparedUnit& unit : attempt.units()) {
        if (unit.added) add(*desired, unit, sockets);
    }
    // What is new serves by now; only then what was before ends.
    for (auto& [key, left] : sockets.listening) {
        for (auto& acceptor : left.acceptors) acceptor->accept_waiting();
        net::Acceptor::retire(shared_.loop, left.acceptors);
    }
    for (auto& unit : removed) leave(std::move(unit));
    stop_order_.stop_whom_nobody_needs();

    running_ = desired;
    source_ = attempt.source();
    plugins_ = attempt.plugins();
    take_contexts(attempt);
    tell_generations();
    if (committed_) committed_();
    committing_ = false;
    sockets_changed();
}

void Supervisor::open_again(Attempt& attempt) {
    Sockets sockets = take_sockets(attempt);
    for (Attempt::PreparedUnit& prepared : attempt.units()) {
        unit::Unit& unit = *units_.at(prepared.id.name);
        if (!unit.stopped()) continue;  // two asked for it
        unit.prepare_again();
        change(*attempt.configuration(), prepared, sockets);
        unit.start();
    }
    sockets_changed();
}

Supervisor::Sockets Supervisor::take_sockets(Attempt& attempt) {
    Sockets sockets;
    for (Attempt::PreparedUnit& unit : attempt.units()) {
        for (auto& [key, opened] : unit.listening) {
            auto& open = sockets.listening[key];
            open.settings = attempt.configuration()->listeners.at(unit.id.name).socket;
            for (net::ListeningSocket& socket : opened) {
                open.acceptors.push_back(
                    std::make_unique<net::Acceptor>(shared_.loop, std::move(socket)));
            }
        }
    }
    const std::set<std::string> taken_over = sockets_taken_over(attempt);
    for (const Plan::Changed& changed : attempt.plan().changed) {
        release(changed.unit, attempt, taken_over, sockets);
    }
    for (const UnitId& id : attempt.plan().removed) release(id, attempt, taken_over, sockets);
    return sockets;
}

void Supervisor::release(const UnitId& id,
                         const Attempt& attempt,
                         const std::set<std::string>& taken_over,
                         Sockets& sockets) {
    unit::Unit& unit = *units_.at(id.name);
    if (id.section == Section::endpoints) {
        static_cast<unit::Endpoint&>(unit).release(taken_over, sockets.datagrams);
    } else if (id.section == Section::listeners) {
        const auto& wanted = attempt.configuration()->listeners;
        const auto found = wanted.find(id.name);
        static_cast<unit::Listener&>(unit).release(
            found != wanted.end() ? found->second : model::ListenerSpec{}, sockets.listening);
    }
}

std::optional<unit::Endpoint::OpenSocket> Supervisor::take_datagrams(
    const model::EndpointSpec& spec, Attempt::PreparedUnit& prepared, Sockets& sockets) {
    if (prepared.datagrams) {
        return unit::Endpoint::OpenSocket{std::move(*prepared.datagrams), spec.socket};
    }
    if (!takes_over(prepared, spec)) return std::nullopt;
    auto released = sockets.datagrams.extract(unit::Endpoint::socket_key(spec));
    if (released.empty()) return std::nullopt;
    return std::move(released.mapped());
}

void Supervisor::change(const model::Configuration& desired,
                        Attempt::PreparedUnit& prepared,
                        Sockets& sockets) {
    const std::string& name = prepared.id.name;
    unit::Unit& unit = *units_.at(name);
    if (prepared.change.factory) unit.use(std::move(prepared.binding));
    if (prepared.change.tls) unit.secure(prepared.tls);
    switch (prepared.id.section) {
        case Section::listeners:
            return static_cast<unit::Listener&>(unit).apply(desired.listeners.at(name),
                                                            sockets.listening);
        case Section::endpoints: {
            const model::EndpointSpec& spec = desired.endpoints.at(name);
            return static_cast<unit::Endpoint&>(unit).apply(
                spec,
                {prepared.change.factory, prepared.change.moved},
                take_datagrams(spec, prepared, sockets));
        }
        case Section::subprocesses:
            break;
    }
    static_cast<unit::Subprocess&>(unit).apply(desired.subprocesses.at(name),
                                               {prepared.change.factory, prepared.change.restarted},
                                               std::move(prepared.identity));
}

std::unique_ptr<unit::Unit> Supervisor::make(const model::Configuration& desired,
                                             Attempt::PreparedUnit& prepared,
                                             Sockets& sockets) {
    const std::string& name = prepared.id.name;
    if (prepared.id.section == Section::listeners) {
        const model::ListenerSpec& spec = desired.listeners.at(name);
        auto listener =
            std::make_unique<unit::Listener>(shared_, spec, std::move(prepared.binding));
        listener->apply(spec, sockets.listening);
        return listener;
    }
    if (prepared.id.section == Section::endpoints) {
        const model::EndpointSpec& spec = desired.endpoints.at(name);
        auto endpoint =
            std::make_unique<unit::Endpoint>(shared_, spec, std::move(prepared.binding));
        endpoint->apply(spec, {}, take_datagrams(spec, prepared, sockets));
        return endpoint;
    }
    auto subprocess = std::make_unique<unit::Subprocess>(shared_,
                                                         desired.subprocesses.at(name),
                                                         std::move(prepared.binding),
                                                         std::move(*prepared.identity));
    subprocess->set_dependencies([this](const std::string& other) { return satisfies(other); });
    return subprocess;
}

void Supervisor::add(const model::Configuration& desired,
                     Attempt::PreparedUnit& prepared,
                     Sockets& sockets) {
    std::unique_ptr<unit::Unit> added = make(desired, prepared, sockets);
    added->secure(prepared.tls);
    added->on_readiness([this] { readiness_changed(); });
    added->start();
    units_.emplace(prepared.id.name, std::move(added));
}

void Supervisor::leave(std::unique_ptr<unit::Unit> unit) {
    unit::Unit& leaving = *unit;
    if (leaving.stopped()) return;
    leaving_.push_back(std::move(unit));
    stop_order_.add(leaving, [this, &leaving] {
        std::erase_if(leaving_, [&](const auto& other) { return other.get() == &leaving; });
        if (stopped_) unit_stopped();
    });
}

void Supervisor::take_contexts(const Attempt& attempt) {
    std::erase_if(contexts_,
                  [&](const auto& entry) { return !attempt.contexts().contains(entry.first); });
    for (const auto& [name, context] : attempt.contexts()) {
        // What has been replaced while the reload was under way stays, where that left it alone.
        if (attempt.has_new_context(name)) contexts_[name] = context;
    }
    certificates_.watch(contexts_);
}

void Supervisor::replace_context(const std::string& unit,
                                 const net::TlsContext::Pointer& former,
                                 const net::TlsContext::Pointer& next) {
    const auto found = contexts_.find(unit);
    if (found == contexts_.end() || found->second != former) return;
    found->second = next;
    units_.at(unit)->secure(next);
}

void Supervisor::tell_generations() {
    std::vector<std::shared_ptr<unit::Generation>> active;
    for (const auto& [name, plugin] : plugins_) active.push_back(plugin.generation);
    generations_.set_active(active);
    std::set<std::string> unmapped;
    for (const auto& [name, module] : running_->plugins.modules) {
        if (module.unmap) unmapped.insert(name);
    }
    generations_.set_unmapped(std::move(unmapped));
}

}  // namespace protohost::supervisor

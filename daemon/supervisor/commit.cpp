// SPDX-License-Identifier: MIT
#include <algorithm>
#include <utility>

#include "daemon/net/acceptor.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/supervisor/supervisor.hpp"
#include "daemon/unit/endpoint.hpp"
#include "daemon/unit/subprocess.hpp"

// The last step of a reload: in one turn of the loop, and nothing in it fails.

namespace protohost::supervisor {

using Section = UnitId::Section;

void Supervisor::commit(Attempt& attempt) {
    const auto desired = attempt.configuration();
    const Plan& plan = attempt.plan();
    base::configure_logging(desired->log);
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
    for (auto& [key, left] : sockets) {
        for (auto& acceptor : left.acceptors) acceptor->accept_waiting();
        net::Acceptor::retire(shared_.loop, left.acceptors);
    }
    for (auto& unit : removed) leave(std::move(unit));
    stop_order_.stop_whom_nobody_needs();

    running_ = desired;
    source_ = attempt.source();
    plugins_ = attempt.plugins();
    tell_generations();
    if (committed_) committed_();
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
}

Supervisor::Sockets Supervisor::take_sockets(Attempt& attempt) {
    Sockets sockets;
    for (Attempt::PreparedUnit& unit : attempt.units()) {
        for (auto& [key, opened] : unit.listening) {
            sockets[key].settings = attempt.configuration()->listeners.at(unit.id.name).socket;
            auto& acceptors = sockets[key].acceptors;
            for (net::ListeningSocket& socket : opened) {
                acceptors.push_back(
                    std::make_unique<net::Acceptor>(shared_.loop, std::move(socket)));
            }
        }
    }
    const auto& wanted = attempt.configuration()->listeners;
    const auto release = [&](const UnitId& id) {
        if (id.section != Section::listeners) return;
        const auto found = wanted.find(id.name);
        auto& listener = static_cast<unit::Listener&>(*units_.at(id.name));
        listener.release(found != wanted.end() ? found->second : model::ListenerSpec{}, sockets);
    };
    for (const Plan::Changed& changed : attempt.plan().changed) release(changed.unit);
    for (const UnitId& id : attempt.plan().removed) release(id);
    return sockets;
}

void Supervisor::change(const model::Configuration& desired,
                        Attempt::PreparedUnit& prepared,
                        Sockets& sockets) {
    const std::string& name = prepared.id.name;
    unit::Unit& unit = *units_.at(name);
    if (prepared.change.factory) unit.use(std::move(prepared.binding));
    switch (prepared.id.section) {
        case Section::listeners:
            return static_cast<unit::Listener&>(unit).apply(desired.listeners.at(name), sockets);
        case Section::endpoints:
            return static_cast<unit::Endpoint&>(unit).apply(
                desired.endpoints.at(name),
                {prepared.change.factory, prepared.change.moved},
                std::move(prepared.datagrams));
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
        listener->apply(spec, sockets);
        return listener;
    }
    if (prepared.id.section == Section::endpoints) {
        const model::EndpointSpec& spec = desired.endpoints.at(name);
        auto endpoint =
            std::make_unique<unit::Endpoint>(shared_, spec, std::move(prepared.binding));
        endpoint->apply(spec, {}, std::move(prepared.datagrams));
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

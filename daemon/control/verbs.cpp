// SPDX-License-Identifier: MIT
#include "daemon/control/verbs.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/base/version.hpp"
#include "daemon/config/load.hpp"
#include "daemon/config/schema.hpp"
#include "daemon/config/write_json.hpp"
#include "daemon/config/write_yaml.hpp"
#include "daemon/control/declared_protocols.hpp"
#include "daemon/control/describe.hpp"
#include "daemon/model/quantity.hpp"

namespace protohost::control {

using base::Json;

namespace {

/// An argument that must be there, or nullopt after the call was answered.
std::optional<std::string> text_argument(const Call& call, const char* name) {
    const auto found = call.arguments().find(name);
    if (found != call.arguments().end() && found->is_string()) return found->get<std::string>();
    call.fail(Code::bad_request, base::format("{} needs \"{}\"", call.verb(), name));
    return std::nullopt;
}

supervisor::Supervisor::Reloaded answer_with_record(const Call& call) {
    return [call](const supervisor::ReloadRecord& record) {
        if (record.verdict != supervisor::Verdict::rejected) return call.answer(to_json(record));
        call.fail(record.refusal == supervisor::Refusal::machine ? Code::failed : Code::rejected,
                  "rejected: nothing was changed",
                  record.errors);
    };
}

}  // namespace

const std::map<std::string_view, Verbs::Verb> Verbs::verbs = {
    {"version", {Role::read, &Verbs::version}},
    {"status", {Role::read, &Verbs::status}},
    {"list", {Role::read, &Verbs::list}},
    {"show", {Role::read, &Verbs::show}},
    {"configuration", {Role::read, &Verbs::configuration}},
    {"schema", {Role::read, &Verbs::schema}},
    {"diff", {Role::operate, &Verbs::diff}},
    {"reload", {Role::operate, &Verbs::reload}},
    {"drain", {Role::operate, &Verbs::drain}},
    {"stop", {Role::operate, &Verbs::stop}},
    {"start", {Role::operate, &Verbs::start}},
    {"close_connection", {Role::operate, &Verbs::close_connection}},
    {"set_level", {Role::operate, &Verbs::set_level}},
    {"roll_back", {Role::administer, &Verbs::roll_back}},
};

Verbs::Verbs(net::Loop& loop, supervisor::Supervisor& supervisor)
    : loop_(loop), supervisor_(supervisor) {}

void Verbs::handle(const Call& call) {
    const auto found = verbs.find(call.verb());
    if (found == verbs.end()) {
        return call.fail(Code::unknown_verb, "this daemon does not know \"" + call.verb() + "\"");
    }
    const Verb& verb = found->second;
    if (call.role() < verb.role) {
        log_.warn("{} may not {}", call.peer().text(), call.verb());
        return call.fail(Code::denied,
                         base::format("{} may not {}: it takes control.{} of the configuration",
                                      call.peer().text(),
                                      call.verb(),
                                      to_string(verb.role)));
    }
    if (verb.role > Role::read) log_.info("{}: {}", call.peer().text(), call.verb());
    try {
        (this->*verb.method)(call);
    } catch (const Json::exception& wrong) {
        call.fail(Code::bad_request, base::format("{}: arguments: {}", call.verb(), wrong.what()));
    }
}

void Verbs::version(const Call& call) {
    call.answer(
        {{"version", base::version}, {"abi", base::format("{}.{}", PH_ABI_MAJOR, PH_ABI_MINOR)}});
}

void Verbs::status(const Call& call) {
    Json status = to_json(supervisor_.snapshot());
    status["generations"] = to_json(supervisor_.generations());
    if (call.arguments().value("connections", false)) {
        status["connections"] = to_json(supervisor_.connections());
    }
    call.answer(std::move(status));
}

void Verbs::list(const Call& call) {
    const auto what = text_argument(call, "what");
    if (!what) return;
    if (*what == "connections") return call.answer(to_json(supervisor_.connections()));
    if (*what == "generations") return call.answer(to_json(supervisor_.generations()));
    if (*what == "plugins") {
        Json active = Json::array();
        for (const auto& generation : supervisor_.generations()) {
            if (generation.state == unit::GenerationState::active) {
                active.push_back(to_json(generation));
            }
        }
        return call.answer(std::move(active));
    }
    if (*what != "listeners" && *what != "endpoints") {
        return call.fail(Code::bad_request,
                         "lists are listeners, endpoints, connections, plugins, generations");
    }
    Json units = Json::array();
    for (const auto& unit : supervisor_.snapshot().units) {
        if (unit.section == *what) units.push_back(to_json(unit));
    }
    call.answer(std::move(units));
}

unit::Unit* Verbs::unit_of(const Call& call) {
    const auto name = text_argument(call, "unit");
    if (!name) return nullptr;
    unit::Unit* const unit = supervisor_.find(*name);
    if (unit == nullptr) call.fail(Code::not_found, "there is no unit \"" + *name + "\"");
    return unit;
}

void Verbs::show(const Call& call) {
    unit::Unit* const unit = unit_of(call);
    if (unit == nullptr) return;
    Json shown = to_json(unit->snapshot());
    std::vector<unit::ConnectionSnapshot> connections;
    unit->append_connections(connections);
    shown["living"] = to_json(connections);
    call.answer(std::move(shown));
}

void Verbs::reload(const Call& call) {
    supervisor_.reload(call.peer().text(), answer_with_record(call));
}

void Verbs::diff(const Call& call) {
    supervisor_.diff(call.peer().text(), [this, call](const supervisor::ReloadRecord& record) {
        if (record.verdict == supervisor::Verdict::rejected)
            return answer_with_record(call)(record);
        Json plan = to_json(record);
        // What a removed unit has now would be drained.
        Json drained = Json::object();
        for (const auto& id : record.plan.removed) {
            if (unit::Unit* const unit = supervisor_.find(id.name)) {
                drained[supervisor::to_string(id)] = unit->connections();
            }
        }
        plan["drained_connections"] = std::move(drained);
        call.answer(std::move(plan));
    });
}

void Verbs::roll_back(const Call& call) {
    const auto plugin = text_argument(call, "plugin");
    if (plugin) supervisor_.roll_back(*plugin, call.peer().text(), answer_with_record(call));
}

void Verbs::drain(const Call& call) {
    unit::Unit* const unit = unit_of(call);
    if (unit == nullptr) return;
    const std::size_t connections = unit->connections();
    unit->drain();
    call.answer({{"connections", connections}});
}

void Verbs::stop(const Call& call) {
    unit::Unit* const unit = unit_of(call);
    if (unit == nullptr) return;
    const auto answer = [call] { call.answer({{"state", "stopped"}}); };
    if (unit->stopped()) return answer();
    unit->stop(answer);
}

void Verbs::start(const Call& call) {
    unit::Unit* const unit = unit_of(call);
    if (unit == nullptr) return;
    if (unit->stopping()) return call.fail(Code::failed, "it is still draining");
    if (unit->stopped()) {
        const base::Errors errors = supervisor_.start_unit(*unit);
        if (!errors.empty()) return call.fail(Code::failed, "it cannot be opened", errors);
    }
    call.answer({{"state", unit->snapshot().state}});
}

void Verbs::close_connection(const Call& call) {
    const auto id = text_argument(call, "id");
    if (!id) return;
    if (!supervisor_.close_connection(*id, call.arguments().value("abort", false))) {
        return call.fail(Code::not_found, "there is no connection " + *id);
    }
    call.answer(Json::object());
}

void Verbs::set_level(const Call& call) {
    const auto area = text_argument(call, "area");
    if (!area) return;
    const auto name = text_argument(call, "level");
    if (!name) return;
    const auto level = base::parse_level(*name);
    if (!level && *name != "default") {
        return call.fail(
            Code::bad_request,
            "levels are trace, debug, info, warn, error, off, and default for what the "
            "configuration says");
    }
    base::override_level(*area, level);
    levels_.erase(*area);
    const auto seconds = call.arguments().value("seconds", 0.0);
    if (seconds > 0) {
        auto& timer = levels_[*area] = std::make_unique<net::Timer>(loop_);
        const auto after = std::chrono::duration<double>(std::min(seconds, 86400.0 * 365));
        timer->start(std::chrono::duration_cast<std::chrono::nanoseconds>(after),
                     [this, area = *area] {
                         base::override_level(area, std::nullopt);
                         levels_.erase(area);
                     });
    }
    call.answer(Json::object());
}

void Verbs::configuration(const Call& call) {
    const model::Node tree = config::effective(*supervisor_.source().written);
    call.answer({{"text", config::to_yaml(tree)},
                 {"values", Json::parse(config::to_json(tree, false))},
                 {"origins", Json::parse(config::to_json(config::origins_of(tree), false))}});
}

void Verbs::schema(const Call& call) {
    call.answer(Json::parse(config::schema(declared_protocols(supervisor_.plugins()))));
}

}  // namespace protohost::control

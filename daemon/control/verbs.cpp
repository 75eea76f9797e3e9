// SPDX-License-Identifier: MIT
#include "daemon/control/verbs.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/base/log_events.hpp"
#include "daemon/base/version.hpp"
#include "daemon/config/effective_json.hpp"
#include "daemon/config/schema.hpp"
#include "daemon/control/declared_protocols.hpp"
#include "daemon/control/describe.hpp"
#include "daemon/control/message.hpp"
#include "daemon/model/signal_names.hpp"
#include "daemon/model/value.hpp"
#include "daemon/unit/subprocess.hpp"

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

/// What a line about the call is about; empty where it names none.
std::string named_unit(const Call& call) {
    const auto found = call.arguments().find("unit");
    const bool named = found != call.arguments().end() && found->is_string();
    return named ? found->get<std::string>() : std::string();
}

supervisor::Supervisor::Reloaded answer_with_record(const Call& call) {
    return [call](const supervisor::ReloadRecord& record) {
        if (record.verdict != supervisor::Verdict::rejected) return call.answer(to_json(record));
        call.fail(record.refusal == supervisor::Refusal::machine ? Code::failed : Code::rejected,
                  "rejected: nothing was changed",
                  record.errors);
    };
}

std::string no_area(const std::string& area, const std::vector<std::string>& areas) {
    const std::vector<std::string_view> names(areas.begin(), areas.end());
    std::string hint = model::did_you_mean(area, names);
    if (hint.empty()) {
        for (const auto name : names) hint += (hint.empty() ? "" : ", ") + std::string(name);
        hint = "there are " + hint;
    }
    return base::format("nothing logs to the area {} ({})", model::quote(area), hint);
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
    {"restart", {Role::operate, &Verbs::restart}},
    {"signal", {Role::operate, &Verbs::signal}},
    {"tail", {Role::read, &Verbs::tail}},
    {"close_connection", {Role::operate, &Verbs::close_connection}},
    {"set_level", {Role::operate, &Verbs::set_level}},
    {"roll_back", {Role::administer, &Verbs::roll_back}},
};

Verbs::Verbs(net::Loop& loop, supervisor::Supervisor& supervisor)
    : loop_(loop), supervisor_(supervisor), worker_(loop, 1) {}

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
    if (verb.role > Role::read) {
        log_.info({.id = base::events::control_action, .unit = named_unit(call)},
                  "{}: {}",
                  call.peer().text(),
                  call.verb());
    }
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

// What is told is taken on the loop, as plain values; to make text of it takes longer.

void Verbs::status(const Call& call) {
    struct Told {
        supervisor::Snapshot snapshot;
        std::vector<unit::GenerationStatus> generations;
        std::optional<std::vector<unit::ConnectionSnapshot>> connections;
    };
    const bool with_connections = call.arguments().value("connections", false);
    const auto told = std::make_shared<Told>();
    told->snapshot = supervisor_.snapshot();
    told->generations = supervisor_.generations();
    if (with_connections) told->connections = supervisor_.connections();
    answer_elsewhere(call, [told] {
        Json status = to_json(told->snapshot);
        status["generations"] = to_json(told->generations);
        if (told->connections) status["connections"] = to_json(*told->connections);
        return result_line(std::move(status));
    });
}

void Verbs::list(const Call& call) {
    const auto what = text_argument(call, "what");
    if (!what) return;
    if (*what == "connections") return answer_with_list(call, supervisor_.connections());
    if (*what == "generations") return answer_with_list(call, supervisor_.generations());
    if (*what == "certificates") return answer_with_list(call, supervisor_.certificates());
    if (*what == "plugins") {
        auto active = supervisor_.generations();
        std::erase_if(active, [](const unit::GenerationStatus& generation) {
            return generation.state != unit::GenerationState::active;
        });
        return answer_with_list(call, std::move(active));
    }
    if (*what != "listeners" && *what != "endpoints" && *what != "subprocesses") {
        return call.fail(
            Code::bad_request,
            "lists are listeners, endpoints, subprocesses, connections, plugins, generations, "
            "certificates");
    }
    auto units = supervisor_.snapshot().units;
    std::erase_if(units, [&](const unit::UnitSnapshot& unit) { return unit.section != *what; });
    answer_with_list(call, std::move(units));
}

template <class T>
void Verbs::answer_with_list(const Call& call, std::vector<T> values) {
    const auto told = std::make_shared<std::vector<T>>(std::move(values));
    answer_elsewhere(call, [told] { return result_line(to_json(*told)); });
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
    struct Told {
        unit::UnitSnapshot unit;
        std::vector<unit::ConnectionSnapshot> connections;
    };
    const auto told = std::make_shared<Told>();
    told->unit = unit->snapshot();
    unit->append_connections(told->connections);
    answer_elsewhere(call, [told] {
        Json shown = to_json(told->unit);
        shown["living"] = to_json(told->connections);
        return result_line(std::move(shown));
    });
}

void Verbs::reload(const Call& call) {
    supervisor_.reload(call.peer().text(), answer_with_record(call));
}

void Verbs::diff(const Call& call) {
    supervisor_.diff(call.peer().text(), [this, call](const supervisor::ReloadRecord& record) {
        if (record.verdict == supervisor::Verdict::rejected)
            return answer_with_record(call)(record);
        Json plan = to_json(record);
        // Of what there is now: all that a removed unit has, and what an endpoint opens anew.
        Json drained = Json::object();
        for (const auto& id : record.plan.removed) {
            if (unit::Unit* const unit = supervisor_.find(id.name)) {
                drained[supervisor::to_string(id)] = unit->connections();
            }
        }
        for (const auto& [id, change] : record.plan.changed) {
            unit::Unit* const unit = supervisor_.find(id.name);
            const auto count = unit == nullptr ? 0 : unit->drained_by(change.factory, change.moved);
            if (count > 0) drained[supervisor::to_string(id)] = count;
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
    supervisor_.sockets_changed();
}

void Verbs::start(const Call& call) {
    unit::Unit* const unit = unit_of(call);
    if (unit == nullptr) return;
    if (unit->stopping()) return call.fail(Code::failed, unit->name() + " is still draining");
    if (!unit->stopped()) {
        if (auto* const subprocess = dynamic_cast<unit::Subprocess*>(unit)) subprocess->start_now();
        return call.answer({{"state", unit->snapshot().state}});
    }
    supervisor_.start_unit(
        unit->name(),
        call.peer().text(),
        [this, call, name = unit->name()](const supervisor::ReloadRecord& record) {
            unit::Unit* const started = supervisor_.find(name);
            if (record.verdict == supervisor::Verdict::rejected || started == nullptr) {
                return call.fail(Code::failed, name + " cannot be opened", record.errors);
            }
            call.answer({{"state", started->snapshot().state}});
        });
}

unit::Subprocess* Verbs::subprocess_of(const Call& call) {
    unit::Unit* const unit = unit_of(call);
    auto* const subprocess = dynamic_cast<unit::Subprocess*>(unit);
    if (unit != nullptr && subprocess == nullptr) {
        call.fail(Code::bad_request, unit->title() + " is no subprocess");
    }
    return subprocess;
}

void Verbs::restart(const Call& call) {
    unit::Subprocess* const subprocess = subprocess_of(call);
    if (subprocess == nullptr) return;
    if (!subprocess->serving()) {
        return call.fail(
            Code::failed,
            base::format("{} is {}: use start", subprocess->name(), subprocess->snapshot().state));
    }
    subprocess->restart();
    call.answer({{"state", subprocess->snapshot().state}});
}

void Verbs::signal(const Call& call) {
    unit::Subprocess* const subprocess = subprocess_of(call);
    if (subprocess == nullptr) return;
    const auto name = text_argument(call, "signal");
    if (!name) return;
    const auto signal = model::parse_signal(*name);
    if (!signal) {
        const auto names = model::signal_names();
        const std::string hint = model::did_you_mean(*name, {names.begin(), names.end()});
        return call.fail(Code::bad_request,
                         base::format("there is no signal {}{}",
                                      model::quote(*name),
                                      hint.empty() ? hint : " (" + hint + ")"));
    }
    const int error = subprocess->send_signal(*signal);
    if (error == ESRCH) return call.fail(Code::failed, subprocess->name() + " does not run");
    if (error != 0) {
        return call.fail(
            Code::failed,
            base::format("{} cannot be signalled: {}", subprocess->name(), std::strerror(error)));
    }
    call.answer(Json::object());
}

void Verbs::tail(const Call& call) {
    unit::Subprocess* const subprocess = subprocess_of(call);
    if (subprocess == nullptr) return;
    const unit::OutputRing* const output = subprocess->output();
    if (output == nullptr && !subprocess->snapshot().protocol.empty()) {
        return call.fail(Code::failed,
                         base::format("what {} writes goes to protocol {}",
                                      subprocess->name(),
                                      subprocess->snapshot().protocol));
    }
    static const unit::OutputRing nothing;
    const unit::OutputRing& ring = output != nullptr ? *output : nothing;
    const auto after = call.arguments().find("after");
    auto part = after != call.arguments().end()
                    ? ring.since(after->get<std::uint64_t>())
                    : ring.last_lines(call.arguments().value("lines", std::size_t{10}));
    call.answer({{"text", std::move(part.text)}, {"end", part.end}, {"skipped", part.skipped}});
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
    if (const auto areas = base::log_areas(); !std::ranges::binary_search(areas, *area)) {
        return call.fail(Code::not_found, no_area(*area, areas));
    }
    const double seconds = call.arguments().value("seconds", 0.0);
    base::override_level(*area, level);
    level_ends_.erase(*area);
    if (seconds > 0) {
        set_level_for(*area, seconds);
    } else if (level) {
        levels_.insert_or_assign(*area, *level);
    } else {
        levels_.erase(*area);
    }
    call.answer(Json::object());
}

void Verbs::set_level_for(const std::string& area, double seconds) {
    auto& end = level_ends_[area] = std::make_unique<net::Timer>(loop_);
    const auto after = std::chrono::duration<double>(std::min(seconds, 86400.0 * 365));
    end->start(std::chrono::duration_cast<std::chrono::nanoseconds>(after), [this, area] {
        const auto former = levels_.find(area);
        const bool is_set = former != levels_.end();
        base::override_level(area, is_set ? std::optional(former->second) : std::nullopt);
        log_.info("{} is back at {}",
                  area,
                  is_set ? base::to_string(former->second) : "the configuration's level");
        level_ends_.erase(area);
    });
}

void Verbs::configuration(const Call& call) {
    answer_elsewhere(call,
                     [written = supervisor_.source().written,
                      protocols = declared_protocols(supervisor_.plugins())] {
                         return result_line_of_text(config::effective_json(*written, protocols));
                     });
}

void Verbs::schema(const Call& call) {
    answer_elsewhere(call, [protocols = declared_protocols(supervisor_.plugins())] {
        return result_line(Json::parse(config::schema(protocols)));
    });
}

void Verbs::answer_elsewhere(const Call& call, std::function<std::string()> make) {
    const auto line = std::make_shared<std::string>();
    const auto submitted = worker_.submit(
        this,
        [line, make = std::move(make)] { *line = make(); },
        [line, call](const net::Executor::Outcome& outcome) {
            if (outcome.status >= 0) return call.answer_line(*line);
            call.fail(Code::failed, outcome.text.empty() ? "the daemon is stopping" : outcome.text);
        });
    if (submitted == 0) call.fail(Code::failed, "no thread can be started");
}

}  // namespace protohost::control

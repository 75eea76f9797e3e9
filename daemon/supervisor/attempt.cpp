// SPDX-License-Identifier: MIT
#include "daemon/supervisor/attempt.hpp"

#include <algorithm>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/config/load.hpp"
#include "daemon/net/socket_file.hpp"
#include "daemon/unit/endpoint.hpp"
#include "daemon/unit/process_limits.hpp"

namespace protohost::supervisor {

using Section = UnitId::Section;

Attempt::Attempt(Means means, Running running)
    : means_(std::move(means)), running_(std::move(running)) {}

bool Attempt::run(Goal goal) {
    if (!load() || !check() || !make_plan() || !check_draining()) return false;
    if (goal == Goal::plan) return true;
    if (!prepare(goal)) return false;
    return goal == Goal::prepare || bind();
}

bool Attempt::run_rollback(const std::string& plugin) {
    desired_ = running_.configuration;
    source_ = running_.source;
    if (!step("check") || !open_staging()) return false;
    open_workshop();
    plugins_->keep_running();
    tls_.contexts = running_.contexts;
    if (auto errors = plugins_->roll_back(plugin); !errors.empty()) {
        return refuse(Refusal::configuration, std::move(errors));
    }
    return make_plan() && prepare(Goal::bind) && bind();
}

bool Attempt::run_start(const std::string& unit) {
    desired_ = running_.configuration;
    source_ = running_.source;
    if (desired_->listeners.contains(unit)) {
        units_.push_back({.id = {Section::listeners, unit}, .change = {.moved = true}});
    } else if (desired_->endpoints.contains(unit)) {
        units_.push_back({.id = {Section::endpoints, unit}, .change = {.moved = true}});
    } else if (desired_->subprocesses.contains(unit)) {
        units_.push_back({.id = {Section::subprocesses, unit}});
    }  // else it was removed meanwhile
    return bind();
}

std::vector<RefusedPlugins::Loaded> Attempt::loaded() const {
    return plugins_ ? plugins_->loaded() : std::vector<RefusedPlugins::Loaded>();
}

bool Attempt::refuse(Refusal refusal, base::Errors errors) {
    refusal_ = refusal;
    base::append(errors_, std::move(errors));
    return false;
}

bool Attempt::step(std::string_view name) {
    if (!means_.fault) return true;
    base::Errors errors = means_.fault(name);
    return errors.empty() || refuse(Refusal::machine, std::move(errors));
}

bool Attempt::load() {
    if (!step("load")) return false;
    auto loaded = config::load_with_source(means_.file);
    if (!loaded) return refuse(Refusal::configuration, loaded.error());
    model::Configuration& found = loaded->configuration;
    if (running_.configuration == nullptr) {
        // At the first start everything can be had as it is wanted.
        auto nothing = std::make_shared<model::Configuration>();
        nothing->state_directory = found.state_directory;
        nothing->control.socket = found.control.socket;
        nothing->user = found.user;
        nothing->group = found.group;
        running_.configuration = std::move(nothing);
    }
    desired_ = std::make_shared<const model::Configuration>(std::move(found));
    source_ = {std::make_shared<const model::Node>(std::move(loaded->written)),
               std::move(loaded->digest)};
    return true;
}

bool Attempt::open_staging() {
    if (means_.staging != nullptr) return true;
    const auto& state = desired_->state_directory;
    auto created =
        plugin::StagingDirectory::create(state ? state->value : means_.installation.state_directory,
                                         means_.installation.trusted_owners);
    if (!created) return refuse(Refusal::machine, created.error());
    means_.staging = std::move(*created);
    return true;
}

void Attempt::open_workshop() {
    directories_ = desired_->plugins.directories;
    directories_.insert(directories_.end(),
                        means_.installation.plugin_directories.begin(),
                        means_.installation.plugin_directories.end());
    plugins_.emplace(PluginSet::Workshop{*means_.staging,
                                         means_.generations,
                                         means_.refused,
                                         directories_,
                                         means_.installation.trusted_owners,
                                         means_.probes ? means_.installation.probe_program : "",
                                         means_.stop},
                     running_.plugins);
}

bool Attempt::check() {
    if (!step("check") || !open_staging()) return false;
    open_workshop();
    base::Errors errors;
    for (const auto& definition : all_wanted()) base::append(errors, plugins_->find(definition));
    tls_ = read_tls(*desired_, running_.contexts);
    base::append(errors, tls_.errors);
    if (opens_log()) {
        base::append(errors, base::LogFile::rehearse(desired_->log.file, place_of_log()));
    }
    const base::Errors accounts = look_up_accounts();
    // Who cannot say it now may be able to later.
    const bool asked_in_vain = std::any_of(
        accounts.begin(), accounts.end(), [](const auto& error) { return error.os_errno != 0; });
    if (errors.empty() && asked_in_vain) return refuse(Refusal::machine, accounts);
    base::append(errors, accounts);
    // The places of what cannot be loaded are known now; what else is wrong shows in prepare().
    return errors.empty() || refuse(Refusal::configuration, std::move(errors));
}

base::Errors Attempt::look_up_accounts() {
    const auto names_somebody = [](const auto& entry) {
        return entry.second.socket.owner || entry.second.socket.group;
    };
    const auto nobody = [&](const auto& units) {
        return std::none_of(units.begin(), units.end(), names_somebody);
    };
    if (nobody(desired_->listeners) && nobody(desired_->endpoints)) return {};
    model::Configuration known = *desired_;
    base::Errors errors;
    const auto look = [&](auto& units) {
        for (auto& [name, spec] : units) {
            base::append(errors, net::look_up_accounts(spec.socket, name));
        }
    };
    look(known.listeners);
    look(known.endpoints);
    desired_ = std::make_shared<const model::Configuration>(std::move(known));
    return errors;
}

bool Attempt::make_plan() {
    if (!step("plan")) return false;
    plan_ = supervisor::make_plan(
        *running_.configuration, *desired_, plugins_->changed(), tls_.changed);
    desired_ =
        std::make_shared<const model::Configuration>(applied(*running_.configuration, *desired_));
    return true;
}

bool Attempt::check_draining() {
    const std::size_t draining = means_.generations.draining();
    std::size_t more = 0;
    for (const std::string& name : plugins_->changed()) {
        const auto before = running_.plugins.find(name);
        if (before != running_.plugins.end() && before->second.generation->is_in_use()) ++more;
    }
    if (more == 0 || draining + more <= desired_->plugins.max_draining) return true;
    return refuse(
        Refusal::configuration,
        base::failure("plugins.max_draining",
                      base::format("{} replaced generations of plugins still have connections, and "
                                   "this would leave {} more",
                                   draining,
                                   more),
                      "see protohostctl plugin list for who holds them; end those, or raise it"));
}

std::optional<PluginSet::Wanted> Attempt::wanted(const UnitId& id) const {
    switch (id.section) {
        case Section::listeners: {
            const model::ListenerSpec& spec = desired_->listeners.at(id.name);
            return PluginSet::Wanted{spec, "listeners", "listener " + id.name, PH_STREAM};
        }
        case Section::endpoints: {
            const model::EndpointSpec& spec = desired_->endpoints.at(id.name);
            return PluginSet::Wanted{
                spec, "endpoints", "endpoint " + id.name, unit::Endpoint::protocol_kind(spec)};
        }
        case Section::subprocesses: {
            const model::SubprocessSpec& spec = desired_->subprocesses.at(id.name);
            if (spec.protocol.value.plugin.empty()) break;
            return PluginSet::Wanted{spec, "subprocesses", "subprocess " + id.name, PH_SUBPROCESS};
        }
    }
    return std::nullopt;
}

std::vector<PluginSet::Wanted> Attempt::all_wanted() const {
    std::vector<PluginSet::Wanted> all;
    const auto add = [&](Section section, const auto& specs) {
        for (const auto& entry : specs) {
            if (auto each = wanted({section, entry.first})) all.push_back(std::move(*each));
        }
    };
    add(Section::listeners, desired_->listeners);
    add(Section::endpoints, desired_->endpoints);
    add(Section::subprocesses, desired_->subprocesses);
    return all;
}

bool Attempt::prepare(Goal goal) {
    if (!step("prepare")) return false;
    for (const UnitId& id : plan_.added) {
        units_.push_back(
            {.id = id,
             .added = true,
             .change = {.factory = true, .moved = true, .restarted = true, .tls = true}});
    }
    for (const auto& changed : plan_.changed) {
        units_.push_back({.id = changed.unit, .change = changed.change});
    }
    for (PreparedUnit& unit : units_) {
        const auto context = tls_.contexts.find(unit.id.name);
        if (context != tls_.contexts.end()) unit.tls = context->second;
    }
    base::Errors errors = plugins_->probe(all_wanted());
    const bool good = errors.empty() || refuse(Refusal::configuration, std::move(errors));
    // What has not been tried, or never serves, has nothing to wait for.
    const bool probed = means_.probes && !means_.installation.probe_program.empty();
    const bool later = probed || means_.opened;
    return configure(!later || goal == Goal::prepare) && good;
}

bool Attempt::configure(bool may_load) {
    base::Errors errors;
    for (PreparedUnit& unit : units_) {
        if (!unit.change.factory || unit.binding != nullptr) continue;
        const auto definition = wanted(unit.id);
        if (!definition) continue;
        const bool loaded = plugins_->is_loaded(*definition);
        if (!loaded && !may_load) continue;
        if (!step((loaded ? "prepare " : "load ") + to_string(unit.id))) return false;
        auto binding = plugins_->bind(*definition);
        if (binding) {
            unit.binding = std::move(*binding);
        } else {
            base::append(errors, binding.error());
        }
    }
    return errors.empty() || refuse(Refusal::configuration, std::move(errors));
}

bool Attempt::bind() {
    if (!step("bind")) return false;
    keep_what_is_wanted();
    base::Errors errors;
    for (PreparedUnit& unit : units_) {
        if (!step("bind " + to_string(unit.id))) return false;
        base::append(errors, open(unit));
    }
    if (!errors.empty()) return refuse(Refusal::machine, std::move(errors));
    if (means_.opened) errors = means_.opened(*desired_, *means_.staging);
    if (!errors.empty()) {
        const bool is_machine = errors.front().os_errno != 0;
        return refuse(is_machine ? Refusal::machine : Refusal::configuration, std::move(errors));
    }
    // After that: what a process may be depends on who this one is.
    errors = find_identities();
    if (!errors.empty()) return refuse(Refusal::machine, std::move(errors));
    return open_log() && configure(true);
}

bool Attempt::opens_log() const {
    const std::string& file = desired_->log.file;
    return !file.empty() && file != running_.configuration->log.file;
}

std::string Attempt::place_of_log() const {
    const model::Node* const log = source_.written->find("log");
    const model::Node* const file = log != nullptr ? log->find("file") : nullptr;
    return file != nullptr ? model::to_string(file->place, file->path) : "log.file";
}

bool Attempt::open_log() {
    if (!opens_log()) return true;
    auto opened = base::LogFile::open(desired_->log.file, place_of_log());
    if (!opened) return refuse(Refusal::configuration, opened.error());
    log_file_ = std::move(*opened);
    return true;
}

base::Errors Attempt::find_identities() {
    base::Errors errors;
    for (PreparedUnit& unit : units_) {
        if (unit.id.section != Section::subprocesses || !unit.change.restarted) continue;
        const model::SubprocessSpec& spec = desired_->subprocesses.at(unit.id.name);
        base::append(errors, unit::check_limits(spec));
        auto identity = unit::ProcessIdentity::find(spec);
        if (identity) {
            unit.identity.emplace(std::move(*identity));
        } else {
            base::append(errors, identity.error());
        }
    }
    return errors;
}

}  // namespace protohost::supervisor

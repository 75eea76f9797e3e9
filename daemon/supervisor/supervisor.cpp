// SPDX-License-Identifier: MIT
#include "daemon/supervisor/supervisor.hpp"

#include <utility>

#include "daemon/config/load.hpp"
#include "daemon/supervisor/plugin_set.hpp"

namespace protohost::supervisor {

namespace {

/// Endpoints can be checked, and this version cannot open them: serving without them would be a
/// lie.
base::Errors refuse_endpoints(const model::Configuration& desired) {
    base::Errors errors;
    for (const auto& [name, spec] : desired.endpoints) {
        errors.push_back({model::to_string(spec.place, "endpoints." + name),
                          "endpoints are checked but not opened by this version",
                          "remove it"});
    }
    return errors;
}

}  // namespace

Supervisor::Supervisor(net::Loop& loop, std::string file, Installation installation)
    : loop_(loop), file_(std::move(file)), installation_(std::move(installation)) {}

Supervisor::~Supervisor() = default;

Outcome Supervisor::reload() {
    auto desired = config::load(file_);
    if (!desired) return {Refusal::configuration, desired.error()};
    if (auto errors = refuse_endpoints(*desired); !errors.empty()) {
        return {Refusal::configuration, std::move(errors)};
    }

    const auto& state = desired->state_directory;
    auto staging = plugin::StagingDirectory::create(
        state ? state->value : installation_.state_directory, installation_.trusted_owners);
    if (!staging) return {Refusal::machine, staging.error()};
    Listeners prepared;
    if (auto outcome = prepare(*desired, std::move(*staging), prepared); !outcome) return outcome;
    if (auto outcome = bind(prepared); !outcome) return outcome;
    commit(std::move(*desired), std::move(prepared));
    return {};
}

Outcome Supervisor::check() {
    auto desired = config::load(file_);
    if (!desired) return {Refusal::configuration, desired.error()};
    auto staging = plugin::StagingDirectory::create_throw_away(installation_.trusted_owners);
    if (!staging) return {Refusal::machine, staging.error()};
    Listeners prepared;
    return prepare(*desired, std::move(*staging), prepared);
}

Outcome Supervisor::prepare(const model::Configuration& desired,
                            std::unique_ptr<plugin::StagingDirectory> staging,
                            Listeners& prepared) {
    const Plan plan = make_plan(running_, desired);
    staging_ = std::move(staging);

    std::vector<std::string> directories = desired.plugins.directories;
    directories.insert(directories.end(),
                       installation_.plugin_directories.begin(),
                       installation_.plugin_directories.end());
    PluginSet plugins(*staging_, host_, loop_, std::move(directories));

    base::Errors errors;
    for (const UnitId& unit : plan.start) {
        if (unit.section != UnitId::Section::listeners) continue;
        const model::ListenerSpec& spec = desired.listeners.at(unit.name);
        auto binding = plugins.bind(spec);
        if (binding) {
            prepared.push_back(std::make_unique<unit::Listener>(loop_, spec, *binding));
        } else {
            base::append(errors, binding.error());
        }
    }
    return errors.empty() ? Outcome{} : Outcome{Refusal::configuration, std::move(errors)};
}

Outcome Supervisor::bind(Listeners& prepared) {
    base::Errors errors;
    for (auto& listener : prepared) base::append(errors, listener->bind());
    return errors.empty() ? Outcome{} : Outcome{Refusal::machine, std::move(errors)};
}

void Supervisor::commit(model::Configuration desired, Listeners prepared) {
    base::configure_logging(desired.log);
    running_ = std::move(desired);
    for (auto& listener : prepared) {
        listener->start();
        listeners_.emplace(listener->name(), std::move(listener));
    }
}

void Supervisor::stop(std::function<void()> stopped) {
    if (stopped_) {
        for (auto& [name, listener] : listeners_) listener->abort_connections();
        return;
    }
    stopped_ = std::move(stopped);
    stopping_ = listeners_.size();
    for (auto& [name, listener] : listeners_) {
        listener->stop([this] {
            --stopping_;
            unit_stopped();
        });
    }
    unit_stopped();
}

void Supervisor::unit_stopped() {
    if (stopping_ == 0) stopped_();
}

}  // namespace protohost::supervisor

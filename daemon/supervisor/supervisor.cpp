// SPDX-License-Identifier: MIT
#include "daemon/supervisor/supervisor.hpp"

#include <algorithm>
#include <utility>

#include "daemon/config/load.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/supervisor/plugin_set.hpp"
#include "daemon/unit/endpoint.hpp"
#include "daemon/unit/listener.hpp"

namespace protohost::supervisor {

Supervisor::Supervisor(const unit::Shared& shared, std::string file, Installation installation)
    : shared_(shared),
      file_(std::move(file)),
      installation_(std::move(installation)),
      generations_(shared.loop, host_.table()) {}

Supervisor::~Supervisor() = default;

Outcome Supervisor::reload() {
    auto desired = config::load(file_);
    if (!desired) return {Refusal::configuration, desired.error()};

    const auto& state = desired->state_directory;
    auto staging = plugin::StagingDirectory::create(
        state ? state->value : installation_.state_directory, installation_.trusted_owners);
    if (!staging) return {Refusal::machine, staging.error()};
    Units prepared;
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
    Units prepared;
    return prepare(*desired, std::move(*staging), prepared);
}

Outcome Supervisor::prepare(const model::Configuration& desired,
                            std::unique_ptr<plugin::StagingDirectory> staging,
                            Units& prepared) {
    const Plan plan = make_plan(running_, desired);
    staging_ = std::move(staging);

    std::vector<std::string> directories = desired.plugins.directories;
    directories.insert(directories.end(),
                       installation_.plugin_directories.begin(),
                       installation_.plugin_directories.end());
    PluginSet plugins(*staging_, generations_, std::move(directories));

    base::Errors errors;
    for (const UnitId& id : plan.start) {
        base::append(errors, prepare_unit(id, desired, plugins, prepared));
    }
    return errors.empty() ? Outcome{} : Outcome{Refusal::configuration, std::move(errors)};
}

base::Errors Supervisor::prepare_unit(const UnitId& id,
                                      const model::Configuration& desired,
                                      PluginSet& plugins,
                                      Units& prepared) {
    if (id.section == UnitId::Section::listeners) {
        const model::ListenerSpec& spec = desired.listeners.at(id.name);
        auto binding = plugins.bind({spec, "listeners", "listener " + id.name, PH_STREAM});
        if (!binding) return binding.error();
        prepared.push_back(std::make_unique<unit::Listener>(shared_, spec, *binding));
        return {};
    }
    const model::EndpointSpec& spec = desired.endpoints.at(id.name);
    const std::uint32_t kind = unit::Endpoint::protocol_kind(spec);
    auto binding = plugins.bind({spec, "endpoints", "endpoint " + id.name, kind});
    if (!binding) return binding.error();
    prepared.push_back(std::make_unique<unit::Endpoint>(shared_, spec, *binding));
    return {};
}

Outcome Supervisor::bind(Units& prepared) {
    base::Errors errors;
    for (auto& unit : prepared) base::append(errors, unit->bind());
    return errors.empty() ? Outcome{} : Outcome{Refusal::machine, std::move(errors)};
}

void Supervisor::commit(model::Configuration desired, Units prepared) {
    base::configure_logging(desired.log);
    running_ = std::move(desired);
    shared_.loop.write_budget().set_limit(running_.memory.write_buffers);
    for (auto& unit : prepared) {
        unit->on_readiness([this] { check_ready(); });
        unit->start();
        std::string name = unit->name();
        units_.emplace(std::move(name), std::move(unit));
    }
}

void Supervisor::when_ready(std::function<void()> ready,
                            std::function<void(std::string why)> failed) {
    ready_ = std::move(ready);
    failed_ = std::move(failed);
    check_ready();
}

void Supervisor::check_ready() {
    if (!ready_) return;
    for (const auto& [name, unit] : units_) {
        if (std::string why = unit->given_up(); !why.empty()) {
            ready_ = nullptr;
            return std::exchange(failed_, nullptr)(unit->title() + ": " + why);
        }
    }
    const auto open = [](const auto& entry) { return entry.second->ready(); };
    if (std::all_of(units_.begin(), units_.end(), open)) std::exchange(ready_, nullptr)();
}

void Supervisor::stop(std::function<void()> stopped) {
    ready_ = nullptr;
    if (stopped_) {
        for (auto& [name, unit] : units_) unit->abort_connections();
        return;
    }
    stopped_ = std::move(stopped);
    stopping_ = units_.size();
    for (auto& [name, unit] : units_) {
        unit->stop([this] {
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

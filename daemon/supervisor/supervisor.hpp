// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/plugin/staging.hpp"
#include "daemon/supervisor/installation.hpp"
#include "daemon/supervisor/plan.hpp"
#include "daemon/unit/generations.hpp"
#include "daemon/unit/host.hpp"
#include "daemon/unit/shared.hpp"
#include "daemon/unit/unit.hpp"

namespace protohost::supervisor {

class PluginSet;

/// Which part of a reload refused: what an operator mends in a file, or what the machine denies.
enum class Refusal { none, configuration, machine };

struct Outcome {
    Refusal refusal = Refusal::none;
    base::Errors errors;

    explicit operator bool() const { return refusal == Refusal::none; }
};

/// Makes the running units what the configuration says.
class Supervisor {
public:
    Supervisor(const unit::Shared& shared, std::string file, Installation installation);
    ~Supervisor();
    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;

    /// load -> check -> plan -> prepare -> bind -> commit. Everything that can fail comes before
    /// commit, and a failure there changes nothing. The first start is a reload from the empty
    /// configuration, and so far the only one.
    Outcome reload();

    /// The same, stopped before bind: safe beside a running daemon.
    Outcome check();

    /// Stops accepting, and lets connections finish within the drain timeouts of their units.
    /// `stopped` is called once, when the last is gone. Asked again: connections are aborted.
    void stop(std::function<void()> stopped);

    /// `ready` is called once, when everything that is `required` is open: from inside when it is
    /// so already. `failed` where that can no more be, with the reason.
    void when_ready(std::function<void()> ready, std::function<void(std::string why)> failed);

    std::size_t units() const { return units_.size(); }

private:
    using Units = std::vector<std::unique_ptr<unit::Unit>>;

    Outcome prepare(const model::Configuration& desired,
                    std::unique_ptr<plugin::StagingDirectory> staging,
                    Units& prepared);
    Outcome bind(Units& prepared);
    void commit(model::Configuration desired, Units prepared);
    base::Errors prepare_unit(const UnitId& id,
                              const model::Configuration& desired,
                              PluginSet& plugins,
                              Units& prepared);
    void unit_stopped();
    void check_ready();

    const unit::Shared shared_;
    std::string file_;
    Installation installation_;
    unit::Host host_;
    unit::Generations generations_;  ///< of all that is below; goes after the units
    model::Configuration running_;
    std::unique_ptr<plugin::StagingDirectory> staging_;
    std::map<std::string, std::unique_ptr<unit::Unit>> units_;
    std::size_t stopping_ = 0;
    std::function<void()> stopped_;
    std::function<void()> ready_;
    std::function<void(std::string)> failed_;
};

}  // namespace protohost::supervisor

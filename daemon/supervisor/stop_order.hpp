// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "daemon/unit/unit.hpp"

namespace protohost::supervisor {

/// Units that have to stop, each of them after all those here that depend on it. All [loop].
class StopOrder {
public:
    /// `stopped` is called once, as Unit::stop() says; the unit may be destroyed in it, and not
    /// before. Nothing happens until one of the other two is called.
    void add(unit::Unit& unit, std::function<void()> stopped);

    void stop_whom_nobody_needs();
    /// All of them now, whoever depends on them.
    void stop_all();

private:
    struct Waiting {
        unit::Unit* unit;
        std::function<void()> stopped;
    };

    bool is_needed(const unit::Unit& unit) const;
    void stop(std::size_t index);

    std::vector<Waiting> waiting_;
    std::vector<unit::Unit*> stopping_;
};

}  // namespace protohost::supervisor

// SPDX-License-Identifier: MIT
#pragma once

#include <set>
#include <string>
#include <vector>

#include "daemon/model/configuration.hpp"

namespace protohost::supervisor {

/// Which unit of a configuration is meant. Listeners come before endpoints, and these before
/// subprocesses; then names count.
struct UnitId {
    enum class Section { listeners, endpoints, subprocesses };

    Section section = Section::listeners;
    std::string name;

    auto operator<=>(const UnitId&) const = default;
};

/// "listeners.web", as the configuration's messages have it.
std::string to_string(const UnitId& unit);

/// What is different about a unit that keeps its name. Any of them may come together.
struct Change {
    /// Limits, timeouts, buffers and whatever else can be changed on what is open.
    bool retuned = false;
    /// Another protocol, other options, or a new generation of the plugin: new connections get the
    /// new factory, old ones keep theirs.
    bool factory = false;
    /// It opens other addresses, or opens them in another way.
    bool moved = false;
    /// It is another process: another program, user or environment.
    bool restarted = false;
    /// Another `tls:`, or other files that it names: new connections get the new context, old ones
    /// keep theirs.
    bool tls = false;

    explicit operator bool() const { return retuned || factory || moved || restarted || tls; }
    bool operator==(const Change&) const = default;
};

/// "new factory, moved", for people.
std::string to_string(const Change& change);

/// What would have to happen to the running units to become the desired ones; each sorted. Nothing
/// of a unit in `unchanged` is touched.
struct Plan {
    struct Changed {
        UnitId unit;
        Change change;

        bool operator==(const Changed&) const = default;
    };

    std::vector<UnitId> added;
    std::vector<UnitId> unchanged;
    std::vector<Changed> changed;
    std::vector<UnitId> removed;
    /// Keys that differ and take effect only when the daemon starts: "state.directory",
    /// "listeners.web.socket.ipv6_only".
    std::vector<std::string> restart;

    /// Nothing to do, nothing to wait for.
    bool empty() const { return added.empty() && changed.empty() && removed.empty(); }
    bool operator==(const Plan&) const = default;
};

/// Pure. `new_generations` names the plugins whose files are not what the running units were loaded
/// from, `new_contexts` the units whose files of `tls:` are not what they were. The first start is
/// the plan from the empty configuration. A name that went over to the other section is one unit
/// that is removed and another one that is added.
Plan make_plan(const model::Configuration& running,
               const model::Configuration& desired,
               const std::set<std::string>& new_generations = {},
               const std::set<std::string>& new_contexts = {});

/// The desired configuration, but with what only a restart can change as it is running. That is
/// what runs after the plan: the next plan finds the same keys to wait for a restart.
model::Configuration applied(const model::Configuration& running, model::Configuration desired);

}  // namespace protohost::supervisor

// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/log.hpp"
#include "daemon/control/session.hpp"
#include "daemon/net/executor.hpp"
#include "daemon/net/timer.hpp"
#include "daemon/supervisor/supervisor.hpp"

namespace protohost::unit {
class Subprocess;
}

namespace protohost::control {

/// What protohostctl can ask for: the verbs of the control socket, who may use each, and what they
/// do. docs/control.md describes arguments and results. All [loop].
class Verbs {
public:
    /// Both outlive this.
    Verbs(net::Loop& loop, supervisor::Supervisor& supervisor);

    /// Answers `call` once, now or later.
    void handle(const Call& call);

private:
    using Method = void (Verbs::*)(const Call&);
    struct Verb {
        Role role;  ///< that it takes
        Method method;
    };
    static const std::map<std::string_view, Verb> verbs;

    void version(const Call& call);
    void status(const Call& call);
    void list(const Call& call);
    void show(const Call& call);
    void reload(const Call& call);
    void diff(const Call& call);
    void roll_back(const Call& call);
    void drain(const Call& call);
    void stop(const Call& call);
    void start(const Call& call);
    void restart(const Call& call);
    void signal(const Call& call);
    void tail(const Call& call);
    void close_connection(const Call& call);
    void set_level(const Call& call);
    void set_level_for(const std::string& area, double seconds);
    void configuration(const Call& call);
    void schema(const Call& call);

    /// Answers with the line that `make` returns, which is called on another thread: what takes
    /// longer with more units does not belong on the loop.
    void answer_elsewhere(const Call& call, std::function<std::string()> make);
    template <class T>
    void answer_with_list(const Call& call, std::vector<T> values);

    /// The unit that the arguments name; nullptr, and answered, where there is none.
    unit::Unit* unit_of(const Call& call);
    /// The same, where it is a subprocess.
    unit::Subprocess* subprocess_of(const Call& call);

    net::Loop& loop_;
    supervisor::Supervisor& supervisor_;
    const base::Log log_{"control"};
    /// By area: what was set until further notice, and comes back after what is set for a while.
    std::map<std::string, base::Level> levels_;
    /// By area: the end of that while.
    std::map<std::string, std::unique_ptr<net::Timer>> level_ends_;
    /// One thread, of its own: a plugin whose work fills the daemon's others keeps nobody waiting
    /// here. Last, so that nothing is under way when the rest goes.
    net::Executor worker_;
};

}  // namespace protohost::control

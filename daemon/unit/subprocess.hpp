// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/model/configuration.hpp"
#include "daemon/net/process_tree.hpp"
#include "daemon/net/subprocess_transport.hpp"
#include "daemon/net/timer.hpp"
#include "daemon/unit/backoff.hpp"
#include "daemon/unit/line_log.hpp"
#include "daemon/unit/process_identity.hpp"
#include "daemon/unit/readiness_watch.hpp"
#include "daemon/unit/unit.hpp"

namespace protohost::unit {

/// One running entry of `subprocesses:`: one process, started again when it ends.
///
///     starting --> running --> ready
///      ^   \--failed--\  \      |
///      |               v  v     v
///      +--- backoff <-- its end --> exited, failed (where it is not started again)
///
/// Before it is started again, and when it stops, everything that it has started is killed.
class Subprocess final : public Unit {
public:
    Subprocess(const Shared& shared,
               const model::SubprocessSpec& spec,
               std::shared_ptr<Binding> binding,
               ProcessIdentity identity);
    ~Subprocess() override;

    /// Who says whether what it depends on is ready. Before start().
    void set_dependencies(std::function<bool(const std::string& name)> ready) {
        dependency_ready_ = std::move(ready);
    }
    /// One of those has changed.
    void dependency_changed() override;
    bool depends_on(const std::string& name) const override;

    base::Errors bind() override { return {}; }

    /// How its definition has changed.
    struct Difference {
        bool factory = false;
        bool restarted = false;  ///< it is another process
    };
    /// Takes the settings of `spec`. A process is stopped only where it must be another one; with
    /// nothing but another factory it goes on, and speaks to a protocol of the new one. `identity`
    /// is there where it must be another process.
    void apply(const model::SubprocessSpec& spec,
               Difference difference,
               std::optional<ProcessIdentity> identity);

    /// Stops its process, if there is one, and starts it at once, without a pause. While it serves.
    void restart();
    /// Where there is no process: starts one, without a pause.
    void start_now();
    /// 0, or an errno: ESRCH where there is no process.
    int send_signal(int signal);

    /// nullptr where a plugin gets what it writes.
    const OutputRing* output() const {
        return log_lines_ && binding() == nullptr ? &log_lines_->output() : nullptr;
    }

    bool ready() const override { return !definition_.required || was_ready_; }
    std::string given_up() const override;
    /// For those that depend on it; one that has done its work has been ready.
    bool satisfies() const override { return state_ == State::ready || state_ == State::exited; }

private:
    enum class State { starting, running, ready, stopping, backoff, exited, failed };

    void open() override;
    void close() override;
    bool closed() const override { return !clearing_ && process_ == nullptr; }
    void describe(UnitSnapshot& snapshot) const override;
    std::string_view what_it_has() const override { return "process"; }
    void connection_ended(const net::Transport& transport) override;
    void process_exited(net::Transport& transport) override;

    void become(State state);
    /// Starts it as soon as nothing is left of the one before, its pause is over, and what it
    /// depends on is ready.
    void start_when_possible();
    bool dependencies_ready() const;
    void launch();
    base::Result<std::unique_ptr<net::SubprocessTransport>> make_process();
    void became_ready();
    void not_ready_in_time();
    void cannot_start(const base::Errors& errors);
    /// What comes after an end, or after a start that has failed.
    void ended(bool failed);
    void wait_and_start();
    /// Asks the process to end, and kills it after its time.
    void end_process();
    /// Kills what is left of its tree.
    void clear();
    void cleared(net::ProcessTree::Killed killed);
    std::string name_of_exit() const;

    model::SubprocessSpec definition_;
    ProcessIdentity identity_;
    std::function<bool(const std::string&)> dependency_ready_;
    net::ProcessTree tree_;
    Backoff backoff_;
    std::optional<LineLog> log_lines_;

    State state_ = State::exited;
    /// Until its pipes have ended too.
    net::SubprocessTransport* process_ = nullptr;
    std::unique_ptr<ReadinessWatch> watch_;
    net::Timer pause_;
    std::chrono::steady_clock::time_point next_start_;
    std::chrono::steady_clock::time_point started_at_;
    pid_t pid_ = 0;        ///< 0: it does not run
    bool wanted_ = false;  ///< it is to run as soon as possible
    bool again_ = false;   ///< it is being stopped to be started
    bool late_ = false;    ///< it is being stopped for not being ready in time
    bool clearing_ = false;
    bool marked_ = false;  ///< something was started since all was cleared
    bool was_ready_ = false;
    std::uint64_t starts_ = 0;
    std::string status_;  ///< what the process says of itself
    std::string last_exit_;
    /// What is no news any more: a program that is missing is missing each time.
    std::string told_;
    /// Late answers of the executor find out that it has gone.
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace protohost::unit

// SPDX-License-Identifier: MIT
#include "daemon/unit/subprocess.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "daemon/base/counted.hpp"
#include "daemon/base/format.hpp"
#include "daemon/base/log_events.hpp"
#include "daemon/base/log_setup.hpp"
#include "daemon/model/quantity.hpp"
#include "daemon/model/signal_names.hpp"
#include "daemon/net/executor.hpp"

namespace protohost::unit {

namespace events = base::events;
using Clock = std::chrono::steady_clock;

namespace {

std::string rounded(std::chrono::nanoseconds time) {
    return model::format_duration(std::chrono::ceil<std::chrono::milliseconds>(time));
}

Backoff backoff_of(const model::SubprocessSpec& spec) {
    return Backoff({spec.backoff.initial, spec.backoff.max, spec.backoff.jitter});
}

bool has_plugin(const model::SubprocessSpec& spec) {
    return !spec.protocol.value.plugin.empty();
}

}  // namespace

Subprocess::Subprocess(const Shared& shared,
                       const model::SubprocessSpec& spec,
                       std::shared_ptr<Binding> binding,
                       ProcessIdentity identity)
    : Unit(shared, spec, "subprocess " + spec.name, std::move(binding)),
      definition_(spec),
      identity_(std::move(identity)),
      backoff_(backoff_of(spec)),
      pause_(shared.loop) {}

Subprocess::~Subprocess() {
    *alive_ = false;
    ReadinessWatch::retire(shared_.loop, std::move(watch_));
    if (marked_) tree_.kill();
}

bool Subprocess::depends_on(const std::string& name) const {
    const auto& all = definition_.depends_on;
    return std::any_of(
        all.begin(), all.end(), [&](const auto& each) { return each.value == name; });
}

bool Subprocess::dependencies_ready() const {
    const auto& all = definition_.depends_on;
    return !dependency_ready_ || std::all_of(all.begin(), all.end(), [&](const auto& each) {
        return dependency_ready_(each.value);
    });
}

void Subprocess::dependency_changed() {
    if (state_ == State::starting) start_when_possible();
}

void Subprocess::become(State state) {
    state_ = state;
}

void Subprocess::open() {
    wanted_ = true;
    backoff_.reset();
    told_.clear();
    become(State::starting);
    start_when_possible();
}

void Subprocess::close() {
    wanted_ = false;
    again_ = false;
    pause_.cancel();
    ReadinessWatch::retire(shared_.loop, std::move(watch_));
    become(State::stopping);
    if (pid_ == 0 && marked_) clear();
}

void Subprocess::apply(const model::SubprocessSpec& spec,
                       Difference difference,
                       std::optional<ProcessIdentity> identity) {
    if (spec.backoff != definition_.backoff) backoff_ = backoff_of(spec);
    definition_ = spec;
    retune(spec);
    if (identity) identity_ = std::move(*identity);
    if (!serving()) return;
    if (difference.restarted) return restart();
    if (difference.factory && pid_ != 0) {
        ph_proto protocol{};
        if (const ph_status status = make_protocol(protocol); status < 0) {
            return protocol_failed(process_->peer_text(), status);
        }
        log_.info(binding()->about(),
                  "{} goes to protocol {}",
                  process_->peer_text(),
                  binding()->protocol_name());
        return process_->hand_over(protocol, binding());
    }
    const bool revives =
        (state_ == State::failed && spec.restart != model::Restart::never) ||
        (state_ == State::exited && spec.restart == model::Restart::always) ||
        (difference.factory && (state_ == State::failed || state_ == State::exited));
    if (revives) return restart();
    dependency_changed();
}

void Subprocess::restart() {
    if (!serving()) return;
    wanted_ = true;
    backoff_.reset();
    told_.clear();
    if (pid_ != 0) {
        again_ = true;
        return end_process();
    }
    pause_.cancel();
    become(State::starting);
    clear();
    start_when_possible();
}

void Subprocess::start_now() {
    if (pid_ == 0) restart();
}

int Subprocess::send_signal(int signal) {
    if (pid_ == 0) return ESRCH;
    switch (process_->send_signal(signal, net::SignalTo::process)) {
        case PH_OK:
            return 0;
        case PH_E_CLOSED:
            return ESRCH;
        case PH_E_INVAL:
            return EINVAL;
        default:
            return EPERM;
    }
}

void Subprocess::start_when_possible() {
    if (!wanted_ || !serving() || pause_.running() || clearing_ || process_ != nullptr) return;
    become(State::starting);
    if (dependencies_ready()) launch();
}

base::Result<std::unique_ptr<net::SubprocessTransport>> Subprocess::make_process() {
    net::ProcessPlan plan = process_plan(definition_, identity_);
    tree_.mark(plan);
    watch_ = std::make_unique<ReadinessWatch>(
        shared_,
        definition_.ready,
        ReadinessWatch::Events{[this] { became_ready(); },
                               [this] { not_ready_in_time(); },
                               [this](const std::string& text) { status_ = text; }});
    if (auto errors = watch_->prepare(plan); !errors.empty()) return errors;
    net::StandardStreams streams;
    if (definition_.process.pty) streams.terminal.emplace();
    if (!has_plugin(definition_) && !definition_.process.pty) {
        streams.streams[0].kind = net::StandardStream::Kind::null;
    }
    return net::SubprocessTransport::launch(shared_.loop,
                                            std::move(plan),
                                            streams,
                                            connections_.settings(),
                                            connections_.transport_owner(),
                                            binding());
}

void Subprocess::launch() {
    late_ = false;
    status_.clear();
    started_at_ = Clock::now();
    auto process = make_process();
    if (!process) return cannot_start(process.error());
    ph_proto protocol{};
    if (binding() != nullptr) {
        if (const ph_status status = make_protocol(protocol); status < 0) {
            protocol_failed((*process)->peer_text(), status);
            return cannot_start(base::failure({}, "no protocol"));
        }
    } else {
        if (!log_lines_) log_lines_.emplace(name());
        protocol = log_lines_->protocol();
    }
    ++starts_;
    marked_ = true;
    pid_ = (*process)->get_pid();
    process_ = process->get();
    become(State::running);
    log_.info({}, "started {}", process_->peer_text());
    connections_.adopt(std::move(*process), net::Role::process, protocol);
    watch_->begin(identity_.account.user);
}

void Subprocess::cannot_start(const base::Errors& errors) {
    ReadinessWatch::retire(shared_.loop, std::move(watch_));
    last_exit_ = base::to_string(errors.front());
    const bool news = std::exchange(told_, last_exit_) != last_exit_;
    auto about = base::place_of(errors.front());
    about.id = events::process_failed;
    log_.log(news ? base::Level::error : base::Level::debug, about, "{}", last_exit_);
    ended(true);
}

void Subprocess::became_ready() {
    if (state_ != State::running) return;
    become(State::ready);
    if (definition_.ready.kind != model::ProcessReadiness::Kind::started) {
        log_.info({}, "ready after {}", rounded(Clock::now() - started_at_));
    }
    was_ready_ = true;
    // One that is notified may hear more of it.
    if (definition_.ready.kind != model::ProcessReadiness::Kind::notify) {
        ReadinessWatch::retire(shared_.loop, std::move(watch_));
    }
    readiness_changed();
}

void Subprocess::not_ready_in_time() {
    late_ = true;
    log_.warn({.id = events::process_failed},
              "{} is not ready after {} (ready.timeout), and is stopped",
              process_->peer_text(),
              model::format_duration(definition_.ready.timeout));
    end_process();
}

void Subprocess::end_process() {
    ReadinessWatch::retire(shared_.loop, std::move(watch_));
    become(State::stopping);
    net::Transport* const process = process_;
    connections_.drain({&process, 1}, Clock::now() + spec_.timeouts.drain);
}

std::string Subprocess::name_of_exit() const {
    const auto& exit = process_->exit();
    switch (exit->how) {
        case net::ProcessExit::How::exited:
            return base::format("exited with code {}", exit->number);
        case net::ProcessExit::How::killed:
            return base::format("was killed by {}", model::signal_name(exit->number));
        case net::ProcessExit::How::unknown:
            break;
    }
    return "ended, and nobody knows how";
}

void Subprocess::process_exited(net::Transport& transport) {
    if (&transport != process_) return;  // one that a plugin has started
    pid_ = 0;
    ReadinessWatch::retire(shared_.loop, std::move(watch_));
    last_exit_ = name_of_exit();
    if (late_) last_exit_ += ", not ready in time";
    const bool asked = !serving() || again_;
    const bool good = process_->exit() == net::ProcessExit{net::ProcessExit::How::exited, 0};
    log_.log(asked || (good && !late_) ? base::Level::info : base::Level::warn,
             {.id = events::process_ended},
             "{} {}, after {}",
             process_->peer_text(),
             last_exit_,
             rounded(Clock::now() - started_at_));
    if (!asked) return ended(late_ || !good);
    if (std::exchange(again_, false)) become(State::starting);
    clear();
}

void Subprocess::ended(bool failed) {
    const bool again = definition_.restart == model::Restart::always ||
                       (definition_.restart == model::Restart::on_failure && failed);
    if (again) {
        if (Clock::now() - started_at_ >= definition_.backoff.reset_after) backoff_.reset();
        wait_and_start();
        return clear();
    }
    wanted_ = false;
    become(failed ? State::failed : State::exited);
    if (failed) {
        log_.warn({.id = events::process_failed}, "not started again: restart is never");
    }
    readiness_changed();
}

void Subprocess::wait_and_start() {
    const auto pause = backoff_.next();
    next_start_ = Clock::now() + pause;
    become(State::backoff);
    log_.debug({.id = events::process_backoff}, "started again in {}", rounded(pause));
    pause_.start(next_start_, [this] { start_when_possible(); });
}

void Subprocess::clear() {
    if (clearing_) return;
    if (!marked_) return cleared({});
    clearing_ = true;
    const auto killed = std::make_shared<net::ProcessTree::Killed>();
    const auto submitted = shared_.executor.submit(
        this,
        [tree = tree_, killed] { *killed = tree.kill(); },
        [this, killed, alive = alive_](const net::Executor::Outcome&) {
            if (!*alive) return;
            clearing_ = false;
            marked_ = false;
            cleared(*killed);
        });
    if (submitted != 0) return;
    clearing_ = false;
    marked_ = false;
    cleared(tree_.kill());
}

void Subprocess::cleared(net::ProcessTree::Killed killed) {
    if (killed.killed > 0) {
        log_.info({},
                  "killed {} that it had left behind",
                  base::counted(killed.killed, "process", "processes"));
    }
    if (killed.left > 0) {
        log_.error({},
                   "{} it had started cannot be killed",
                   base::counted(killed.left, "process", "processes"));
    }
    // Somebody else has its pipes.
    if (process_ != nullptr && pid_ == 0) process_->abort();
    start_when_possible();
    check_stopped();
}

void Subprocess::connection_ended(const net::Transport& transport) {
    if (&transport == process_) process_ = nullptr;
    start_when_possible();
    Unit::connection_ended(transport);
}

std::string Subprocess::given_up() const {
    const bool over = state_ == State::failed || state_ == State::exited;
    return definition_.required && !was_ready_ && over ? last_exit_ : "";
}

void Subprocess::describe(UnitSnapshot& snapshot) const {
    static constexpr const char* names[] = {
        "starting", "running", "ready", "stopping", "backoff", "exited", "failed"};
    const model::ProcessSpec& process = definition_.process;
    snapshot.section = "subprocesses";
    std::string command = process.shell;
    for (const std::string& word : process.command) command += (command.empty() ? "" : " ") + word;
    snapshot.addresses.push_back(std::move(command));
    if (!stopped()) snapshot.state = names[static_cast<std::size_t>(state_)];
    ProcessSnapshot& told = snapshot.process.emplace();
    told.pid = pid_;
    if (pid_ != 0) told.age = std::chrono::floor<std::chrono::seconds>(Clock::now() - started_at_);
    told.starts = starts_;
    told.last_exit = last_exit_;
    told.status = status_;
    if (log_lines_) told.dropped_lines = log_lines_->dropped_lines();
    if (state_ == State::starting && !dependencies_ready()) {
        for (const auto& each : definition_.depends_on) {
            if (!dependency_ready_(each.value)) told.waits_for.push_back(each.value);
        }
    }
    if (!serving() || state_ != State::backoff) return;
    snapshot.next_attempt =
        std::chrono::ceil<std::chrono::milliseconds>(next_start_ - Clock::now());
}

}  // namespace protohost::unit

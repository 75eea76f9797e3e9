// SPDX-License-Identifier: MIT
#include "daemon/supervisor/supervisor.hpp"

#include <algorithm>
#include <sys/eventfd.h>
#include <utility>

#include "daemon/base/counted.hpp"
#include "daemon/base/format.hpp"
#include "daemon/base/log_events.hpp"
#include "daemon/base/log_setup.hpp"
#include "daemon/model/quantity.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/supervisor/give_up_root.hpp"
#include "daemon/unit/endpoint.hpp"

namespace protohost::supervisor {

namespace events = base::events;
using Section = UnitId::Section;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t records_kept = 10;

/// Between the beginnings of two reloads, so that the requests of ten milliseconds are two of them
/// at most: one that takes less time than that would else be over before the next is asked for. The
/// rest is for requests that the loop hears late.
constexpr std::chrono::milliseconds spacing{12};

// Of an entry of either list of units.
unit::Unit* pointer(const std::unique_ptr<unit::Unit>& unit) {
    return unit.get();
}
unit::Unit* pointer(const std::pair<const std::string, std::unique_ptr<unit::Unit>>& entry) {
    return entry.second.get();
}

}  // namespace

struct Supervisor::Job {
    enum class Kind { reload, diff, rollback, start };

    Kind kind = Kind::reload;
    std::string name{};  ///< of the plugin to roll back, or of the unit to start
    std::vector<Request> requests{};
    ReloadRecord record{};
    Clock::time_point began{};
    std::optional<Attempt> attempt{};
    bool good = false;

    void run() {
        switch (kind) {
            case Kind::reload:
                good = attempt->run(Attempt::Goal::bind);
                return;
            case Kind::diff:
                good = attempt->run(Attempt::Goal::plan);
                return;
            case Kind::rollback:
                good = attempt->run_rollback(name);
                return;
            case Kind::start:
                good = attempt->run_start(name);
                return;
        }
    }

    /// Whether it is one in the history, and of what the observer is told.
    bool is_reload() const { return kind == Kind::reload || kind == Kind::rollback; }
};

Supervisor::Supervisor(const unit::Shared& shared, std::string file, Installation installation)
    : shared_(shared),
      file_(std::move(file)),
      installation_(std::move(installation)),
      host_(installation_.plugin_checks),
      generations_(shared.loop, host_.table()),
      stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      pause_(shared.loop),
      certificates_(shared.loop,
                    [this](const auto& unit, const auto& former, const auto& next) {
                        replace_context(unit, former, next);
                    }),
      worker_(shared.loop, 1) {}

Supervisor::~Supervisor() = default;

Running Supervisor::running() const {
    Running found{running_, source_, plugins_, {}, contexts_};
    for (const auto& [name, unit] : units_) unit->collect_sockets(found.sockets);
    return found;
}

Attempt::Means Supervisor::means() {
    return {file_,
            installation_,
            generations_,
            refused_,
            staging_,
            passed_,
            true,
            stop_.get(),
            fault_,
            nullptr,
            {}};
}

ReloadRecord Supervisor::start() {
    ReloadRecord record;
    record.asked_by = "start";
    record.began = std::chrono::system_clock::now();
    const auto began = Clock::now();
    auto how = means();
    how.probes = false;  // a plugin that crashes now takes nothing down
    how.kept = store_;
    how.opened = [this](const model::Configuration& desired, const auto& staging) {
        return give_up_root(desired, staging, installation_);
    };
    Attempt attempt(std::move(how), running());
    const bool good = attempt.run(Attempt::Goal::bind);
    record.took = Clock::now() - began;
    record = conclude(attempt, good, std::move(record), events::reload_applied);
    if (!good) return record;
    tell_who_runs(*running_, log_);
    close_unclaimed();
    return record;
}

std::vector<unit::BoundSocket> Supervisor::bound_sockets() const {
    std::vector<unit::BoundSocket> bound;
    for (const auto& [name, unit] : units_) unit->collect_bound(bound);
    return bound;
}

void Supervisor::sockets_changed() {
    // What is closed while the daemon stops stays with the service manager.
    if (store_ != nullptr && !stopped_ && !committing_) store_->update(bound_sockets());
}

void Supervisor::close_unclaimed() {
    for (const auto& [name, spec] : running_->listeners) {
        for (const auto& address : spec.listen) passed_.claim(address.value.descriptor);
    }
    for (const auto& [name, spec] : running_->endpoints) {
        passed_.claim(spec.address.value.descriptor);
        passed_.claim(spec.descriptor);
    }
    for (const std::string& closed : passed_.close_unclaimed()) {
        log_.warn("{}: no unit takes it, and so it is closed", closed);
    }
}

base::Result<Plan> Supervisor::check(Refusal& refusal) {
    refusal = Refusal::machine;
    auto staging = plugin::StagingDirectory::create_throw_away(installation_.trusted_owners);
    if (!staging) return staging.error();
    staging_ = std::move(*staging);
    Attempt attempt(means(), running());
    const bool good = attempt.run(Attempt::Goal::prepare);
    refusal = attempt.refusal();
    if (!good) return attempt.errors();
    return attempt.plan();
}

void Supervisor::reload(std::string asked_by, Reloaded done) {
    Request request{std::move(asked_by), std::move(done)};
    // One that has not begun will read the files anew: it does for this one too.
    for (const auto& job : jobs_) {
        if (job->kind != Job::Kind::reload || job->attempt) continue;
        job->requests.push_back(std::move(request));
        return;
    }
    enqueue(std::make_unique<Job>(), std::move(request));
}

void Supervisor::diff(std::string asked_by, Reloaded done) {
    auto job = std::make_unique<Job>();
    job->kind = Job::Kind::diff;
    enqueue(std::move(job), {std::move(asked_by), std::move(done)});
}

void Supervisor::roll_back(std::string plugin, std::string asked_by, Reloaded done) {
    auto job = std::make_unique<Job>();
    job->kind = Job::Kind::rollback;
    job->name = std::move(plugin);
    enqueue(std::move(job), {std::move(asked_by), std::move(done)});
}

void Supervisor::start_unit(std::string name, std::string asked_by, Reloaded done) {
    auto job = std::make_unique<Job>();
    job->kind = Job::Kind::start;
    job->name = std::move(name);
    enqueue(std::move(job), {std::move(asked_by), std::move(done)});
}

void Supervisor::enqueue(std::unique_ptr<Job> job, Request request) {
    job->requests.push_back(std::move(request));
    jobs_.push_back(std::move(job));
    if (jobs_.size() == 1) begin_next();
}

void Supervisor::begin_next() {
    if (jobs_.empty()) return;
    const auto earliest = reload_began_ + spacing;
    if (jobs_.front()->kind == Job::Kind::reload && !stopped_ && Clock::now() < earliest) {
        return pause_.start(earliest, [this] { begin(); });
    }
    begin();
}

void Supervisor::begin() {
    Job& job = *jobs_.front();
    job.record.asked_by = job.requests.front().asked_by;
    job.record.began = std::chrono::system_clock::now();
    job.began = Clock::now();
    if (job.kind == Job::Kind::reload) reload_began_ = job.began;
    if (job.is_reload() && observer_ != nullptr) observer_->reload_began();
    job.attempt.emplace(means(), running());
    const auto submitted = worker_.submit(
        this, [&job] { job.run(); }, [this](const net::Executor::Outcome& done) { finish(done); });
    if (submitted != 0) return;
    // Not from inside: whoever asks may not be told before it has asked.
    pause_.start(std::chrono::nanoseconds(0), [this] {
        finish({PH_E_NOMEM, "no thread can be started"});
    });
}

void Supervisor::finish(const net::Executor::Outcome& outcome) {
    // It stays the first until everyone was told: what they ask for begins after it.
    Job* const job = jobs_.front().get();
    Attempt& attempt = *job->attempt;
    if (outcome.status < 0) attempt.refuse(Refusal::machine, base::failure("", outcome.text));
    if (stopped_) attempt.refuse(Refusal::machine, base::failure("", "the daemon is stopping"));
    const bool good = job->good && attempt.refusal() == Refusal::none;
    job->record.took = Clock::now() - job->began;
    if (job->is_reload()) {
        const bool back = job->kind == Job::Kind::rollback;
        job->record = conclude(attempt,
                               good,
                               std::move(job->record),
                               back ? events::rolled_back : events::reload_applied);
        if (observer_ != nullptr) observer_->reload_ended(job->record);
    } else {
        describe(attempt, good, job->record);
        job->record.refusal = attempt.refusal();
        if (good && job->kind == Job::Kind::start) open_again(attempt);
    }
    for (const Request& request : job->requests) {
        if (request.done) request.done(job->record);
    }
    jobs_.pop_front();
    begin_next();
}

void Supervisor::describe(const Attempt& attempt, bool good, ReloadRecord& record) const {
    record.plan = attempt.plan();
    record.errors = attempt.errors();
    if (!good) {
        record.verdict = Verdict::rejected;
        return;
    }
    const bool same =
        record.plan.empty() && running_ != nullptr && *attempt.configuration() == *running_;
    record.verdict = same ? Verdict::unchanged : Verdict::applied;
}

ReloadRecord Supervisor::conclude(Attempt& attempt,
                                  bool good,
                                  ReloadRecord record,
                                  std::string_view event) {
    record.number = ++reloads_;
    describe(attempt, good, record);
    record.refusal = attempt.refusal();
    if (good) {
        const auto began = Clock::now();
        commit(attempt);
        record.commit = Clock::now() - began;
        record.took += record.commit;
        restart_pending_ = record.plan.restart;
    }
    keep_refused(attempt, good);
    ++counts_[static_cast<std::size_t>(record.verdict)];
    log(record, event);
    history_.push_front(record);
    if (history_.size() > records_kept) history_.pop_back();
    return record;
}

void Supervisor::keep_refused(const Attempt& attempt, bool good) {
    std::vector<const unit::Generation*> used;
    for (const auto& [name, plugin] : plugins_) used.push_back(plugin.generation.get());
    refused_.concluded(good ? std::vector<RefusedPlugins::Loaded>() : attempt.loaded(), used);
}

void Supervisor::log(const ReloadRecord& record, std::string_view event) const {
    if (record.asked_by == "start") return;  // said by whoever starts the daemon
    const std::string took =
        model::format_duration(std::chrono::ceil<std::chrono::milliseconds>(record.took));
    const Plan& plan = record.plan;
    if (record.verdict == Verdict::rejected) {
        for (const base::Error& error : record.errors) {
            log_.error(base::place_of(error), "{}", base::to_string(error));
        }
        log_.error({.id = events::reload_rejected},
                   "reload {} ({}) rejected after {}: {}; nothing was changed",
                   record.number,
                   record.asked_by,
                   took,
                   base::counted(record.errors.size(), "error"));
        return;
    }
    log_.info({.id = event},
              "reload {} ({}) {} in {}: {} added, {} changed, {} removed, {} unchanged",
              record.number,
              record.asked_by,
              to_string(record.verdict),
              took,
              plan.added.size(),
              plan.changed.size(),
              plan.removed.size(),
              plan.unchanged.size());
    for (const Plan::Changed& changed : plan.changed) {
        log_.info({.unit = changed.unit.name},
                  "reload {}: {}: {}",
                  record.number,
                  to_string(changed.unit),
                  to_string(changed.change));
    }
    for (const std::string& key : plan.restart) {
        log_.warn({.id = events::restart_required},
                  "reload {}: {} has changed, and takes effect at the next start",
                  record.number,
                  key);
    }
}

unit::Unit* Supervisor::find(const std::string& name) {
    const auto found = units_.find(name);
    return found != units_.end() ? found->second.get() : nullptr;
}

bool Supervisor::close_connection(const std::string& id, bool abort) {
    const auto end = [&](auto& units) {
        return std::any_of(units.begin(), units.end(), [&](auto& unit) {
            return pointer(unit)->close_connection(id, abort);
        });
    };
    return end(units_) || end(leaving_);
}

void Supervisor::when_ready(std::function<void()> ready,
                            std::function<void(std::string why)> failed) {
    ready_ = std::move(ready);
    failed_ = std::move(failed);
    check_ready();
}

bool Supervisor::satisfies(const std::string& name) const {
    const auto found = units_.find(name);
    return found != units_.end() && found->second->satisfies();
}

void Supervisor::readiness_changed() {
    for (const auto& [name, unit] : units_) unit->dependency_changed();
    sockets_changed();
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
        stop_order_.stop_all();
        for (auto& [name, unit] : units_) unit->abort_connections();
        for (auto& unit : leaving_) unit->abort_connections();
        return;
    }
    stopped_ = std::move(stopped);
    if (store_ != nullptr) store_->leave(bound_sockets());
    if (observer_ != nullptr) observer_->stop_began();
    ::eventfd_write(stop_.get(), 1);  // what is being tried is refused whatever comes of it
    if (pause_.running() && !jobs_.front()->attempt) {
        pause_.cancel();
        begin();  // and is refused
    }
    for (auto& [name, unit] : units_) {
        if (unit->stopped()) continue;
        ++stopping_;
        // One that an operator stops is on its way already, and tells both.
        stop_order_.add(*unit, [this] { unit_stopped(); });
    }
    stop_order_.stop_whom_nobody_needs();
    stopping_ += leaving_.size();
    ++stopping_;
    unit_stopped();
}

void Supervisor::unit_stopped() {
    if (--stopping_ == 0) stopped_();
}

}  // namespace protohost::supervisor

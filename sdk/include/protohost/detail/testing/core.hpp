// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <protohost/abi.h>
#include <protohost/detail/context.hpp>
#include <protohost/detail/testing/log_record.hpp>
#include <protohost/detail/testing/schedule.hpp>

namespace protohost::detail::testing {

class Core;
class FakeServer;
class FakeTransport;

/// What the border calls a ph_ctx: a factory with the options of one unit, or a plugin's instance.
struct Unit {
    Core& core;
    bool opens = true;  ///< false: an instance, which opens nothing
    std::atomic<bool> gone = false;
    bool stale_transport_reported = false;

    ph_ctx* ctx() { return reinterpret_cast<ph_ctx*>(this); }
    Context context();
    static Unit& of(ph_ctx* ctx) { return *reinterpret_cast<Unit*>(ctx); }
};

/// Something that was asked of the loop and has not been answered yet.
class Request {
public:
    Request(Unit& unit, ph_op op) : unit_(unit), op_(op) {}
    virtual ~Request() = default;

    Unit& unit() const { return unit_; }
    ph_op op() const { return op_; }
    /// Answers PH_E_CANCELLED in the next round; false: too late.
    virtual bool cancel() = 0;

private:
    Unit& unit_;
    ph_op op_;
};

/// The fake host behind its tables: time, transports, what was asked of it. One thread's but for
/// `log`, `schedule.now()` and `schedule.post()`.
class Core {
public:
    explicit Core(const ph_host& tables) : host(tables) {}
    Core(const Core&) = delete;
    Core& operator=(const Core&) = delete;

    const ph_host& host;
    /// What is opened for a unit names it as long as the host lives: units stay, and go last.
    std::vector<std::shared_ptr<Unit>> units;
    LogRecord log;
    Schedule schedule{log};
    std::map<ph_ref, std::shared_ptr<FakeTransport>>
        transports;                                      ///< until connection_lost returned
    std::map<ph_op, std::shared_ptr<Request>> requests;  ///< until they are answered
    std::map<std::uint64_t, std::shared_ptr<FakeServer>> servers;  ///< until they are closed
    std::vector<std::shared_ptr<void>> kept;  ///< what the host owns for the test

    ph_ref new_ref() { return ++last_ref_; }
    bool on_loop() const { return std::this_thread::get_id() == thread_ && !in_executor_; }

    /// Calls `work` before the next round, as if on another thread, then `done` on the loop.
    ph_op run_in_executor(Unit& unit, ph_fn work, ph_fn done, void* arg) {
        const ph_op op = schedule.new_op();
        executor_.push_back({op, &unit, work, done, arg});
        return op;
    }
    /// False: there is no such thing any more.
    bool cancel(ph_op op) {
        if (schedule.cancel(op)) return true;
        if (const auto found = requests.find(op); found != requests.end()) {
            return found->second->cancel();
        }
        for (Work& work : executor_) {
            if (work.op == op) return std::exchange(work.work, nullptr) != nullptr;
        }
        return false;
    }

    /// Everything that is ready, and what becomes ready by it; the clock stands still.
    void run_ready() {
        if (running_) return;  // from inside a callback: the round that runs goes on by itself
        running_ = true;
        const Stop stop{running_};
        constexpr int most_rounds = 100'000;
        for (int round = 0; step(); ++round) {
            if (round == most_rounds) {
                throw std::runtime_error(
                    "the loop does not come to rest: something schedules itself anew for ever");
            }
        }
    }
    void advance_to(std::uint64_t when) {
        run_ready();
        for (auto next = schedule.next_timer(); next && *next <= when;
             next = schedule.next_timer()) {
            schedule.set_now(std::max(schedule.now(), *next));
            run_ready();
        }
        schedule.set_now(when);
        run_ready();
    }

    Unit& new_unit(bool opens) {
        return *units.emplace_back(std::shared_ptr<Unit>(new Unit{*this, opens}));
    }

    /// Nothing that `unit` has asked for is called from now on, but for the ends that it is owed:
    /// also what it has opened ends with it.
    void release(Unit& unit) {
        unit.gone = true;
        schedule.drop_all(&unit);
        const auto asked = requests;
        for (const auto& [op, request] : asked) {
            if (&request->unit() == &unit) request->cancel();
        }
        for (Work& work : executor_) {
            if (work.unit == &unit) work.work = nullptr;
        }
        end_transports(unit);
        close_servers(unit);
        finish();
    }

private:
    struct Work {
        ph_op op;
        Unit* unit;
        ph_fn work;  ///< nullptr: cancelled
        ph_fn done;
        void* arg;
    };
    struct Stop {
        bool& running;
        ~Stop() { running = false; }
    };

    bool step() {
        bool did = schedule.run_due();
        did = schedule.take_inbox() || did;
        did = run_executor() || did;
        did = poll_transports() || did;
        did = schedule.run_soon() || did;
        return did;
    }
    bool run_executor() {
        const auto works = std::exchange(executor_, {});
        for (const Work& work : works) {
            in_executor_ = true;
            if (work.work != nullptr) schedule.call(work.work, work.arg);
            in_executor_ = false;
            schedule.do_soon(
                [this, done = work.done, arg = work.arg] { schedule.call(done, arg); });
        }
        return !works.empty();
    }
    bool poll_transports();
    void end_transports(const Unit& unit);
    void close_servers(const Unit& unit);
    /// What is owed to those who go; also from inside a callback.
    void finish() {
        while (run_executor() || schedule.run_soon()) {
        }
    }

    std::thread::id thread_ = std::this_thread::get_id();
    std::deque<Work> executor_;
    ph_ref last_ref_ = 0;
    bool running_ = false;
    bool in_executor_ = false;
};

inline Context Unit::context() {
    return {&core.host, ctx()};
}

}  // namespace protohost::detail::testing

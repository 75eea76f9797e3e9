// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <protohost/abi.h>
#include <protohost/detail/testing/guard.hpp>
#include <protohost/detail/testing/log_record.hpp>

namespace protohost::detail::testing {

/// Something scheduled: of `fn` and `drop`, which may be nullptr, exactly one is called.
struct Call {
    const void* owner;  ///< whose it is, and with whom it goes
    ph_fn fn;
    ph_fn drop;
    void* arg;
};

/// A clock that only a test moves, and what is scheduled on it. [loop] but for now() and post().
class Schedule {
public:
    explicit Schedule(LogRecord& log) : log_(log) {}

    std::uint64_t now() const { return now_; }
    void set_now(std::uint64_t now) { now_ = now; }

    ph_op call_soon(const Call& call) {
        const ph_op op = add(call);
        soon_.push_back([this, op] { run(op); });
        return op;
    }
    ph_op call_at(std::uint64_t when, const Call& call) {
        const ph_op op = add(call);
        timers_.emplace(when, [this, op] { run(op); });
        return op;
    }
    /// False: it was called, or cancelled, before.
    bool cancel(ph_op op) {
        const auto found = calls_.extract(op);
        if (found.empty()) return false;
        drop(found.mapped());
        return true;
    }
    /// [any] False: `gone` is true, which the owner says before it calls drop_all().
    bool post(const Call& call, const std::atomic<bool>& gone) {
        const std::lock_guard lock(mutex_);
        if (gone) return false;
        inbox_.push_back(call);
        posted_.notify_all();
        return true;
    }

    /// The host's own steps, in the same queues.
    void do_soon(std::function<void()> step) { soon_.push_back(std::move(step)); }
    void do_at(std::uint64_t when, std::function<void()> step) {
        timers_.emplace(when, std::move(step));
    }

    ph_op new_op() { return ++last_; }

    /// Each of the next three: whether there was anything to do.
    bool run_due() {
        std::vector<std::function<void()>> due;
        while (!timers_.empty() && timers_.begin()->first <= now_) {
            due.push_back(std::move(timers_.begin()->second));
            timers_.erase(timers_.begin());
        }
        for (const auto& step : due) step();
        return !due.empty();
    }
    bool take_inbox() {
        std::vector<Call> arrived;
        {
            const std::lock_guard lock(mutex_);
            arrived.swap(inbox_);
        }
        for (const Call& call : arrived) call_soon(call);
        return !arrived.empty();
    }
    /// What is scheduled meanwhile waits for the next time.
    bool run_soon() {
        const auto running = std::exchange(soon_, {});
        for (const auto& step : running) step();
        return !running.empty();
    }

    /// When the next timer is due, also one whose call was cancelled.
    std::optional<std::uint64_t> next_timer() const {
        if (timers_.empty()) return std::nullopt;
        return timers_.begin()->first;
    }

    /// Calls that wait, those of other threads included.
    std::size_t pending() {
        const std::lock_guard lock(mutex_);
        return calls_.size() + inbox_.size();
    }

    /// Waits in real time until another thread has posted; false: none did.
    bool wait_for_post(std::chrono::steady_clock::time_point deadline) {
        std::unique_lock lock(mutex_);
        return posted_.wait_until(lock, deadline, [this] { return !inbox_.empty(); });
    }

    /// `owner` goes: nothing of it is called from now on.
    void drop_all(const void* owner) {
        std::vector<Call> dropped;
        {
            const std::lock_guard lock(mutex_);
            const auto kept =
                std::stable_partition(inbox_.begin(), inbox_.end(), [&](const Call& call) {
                    return call.owner != owner;
                });
            dropped.assign(kept, inbox_.end());
            inbox_.erase(kept, inbox_.end());
        }
        for (auto next = calls_.begin(); next != calls_.end();) {
            const auto call = next++;
            if (call->second.owner != owner) continue;
            dropped.push_back(call->second);
            calls_.erase(call);
        }
        for (const Call& call : dropped) drop(call);
    }

    void call(ph_fn function, void* arg) {
        const ph_status status = guarded([&] {
            function(arg);
            return ph_status{PH_OK};
        });
        if (status < 0) {
            log_.write(PH_LOG_ERROR, "a scheduled callback failed: " + take_failure());
        }
    }

private:
    ph_op add(const Call& call) {
        calls_.emplace(++last_, call);
        return last_;
    }
    void run(ph_op op) {
        const auto found = calls_.extract(op);
        if (!found.empty()) call(found.mapped().fn, found.mapped().arg);
    }
    void drop(const Call& dropped) {
        if (dropped.drop != nullptr) call(dropped.drop, dropped.arg);
    }

    LogRecord& log_;
    /// Far from zero, so that a test may look into the past.
    std::atomic<std::uint64_t> now_ = std::uint64_t{1'000'000'000} * 1000;
    ph_op last_ = 0;
    std::map<ph_op, Call> calls_;
    std::deque<std::function<void()>> soon_;
    std::multimap<std::uint64_t, std::function<void()>> timers_;  ///< equal times: in order
    std::mutex mutex_;
    std::condition_variable posted_;
    std::vector<Call> inbox_;  // guarded by mutex_
};

}  // namespace protohost::detail::testing

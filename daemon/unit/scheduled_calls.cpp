// SPDX-License-Identifier: MIT
#include "daemon/unit/scheduled_calls.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <mutex>
#include <utility>
#include <vector>

#include "daemon/base/failure.hpp"
#include "daemon/base/format.hpp"
#include "daemon/base/log_events.hpp"
#include "daemon/net/callback_watch.hpp"
#include "daemon/net/guard.hpp"
#include "daemon/net/timer.hpp"

namespace protohost::unit {

class ScheduledCalls::Call final : public net::Task {
public:
    Call(ScheduledCalls& owner, ph_op op, Callback callback)
        : owner_(owner), op_(op), callback_(callback), timer_(owner.loop_) {}

    ph_op op() const { return op_; }
    net::Timer& timer() { return timer_; }
    const Callback& callback() const { return callback_; }
    void run() override { owner_.run(op_); }

private:
    ScheduledCalls& owner_;
    ph_op op_;
    Callback callback_;
    net::Timer timer_;
};

/// Outlives its owner in the hands of other threads.
struct ScheduledCalls::Inbox {
    std::mutex mutex;
    std::vector<Callback> waiting;  // guarded by mutex
    bool closed = false;            // guarded by mutex
    ScheduledCalls* owner;          // [loop]
};

ScheduledCalls::ScheduledCalls(net::Loop& loop, UnitLog log)
    : loop_(loop), log_(log), inbox_(std::make_shared<Inbox>()) {
    inbox_->owner = this;
}

ScheduledCalls::~ScheduledCalls() {
    drop_all();
}

ScheduledCalls::Call& ScheduledCalls::add(Callback callback) {
    const ph_op op = ++last_;
    return *calls_.emplace(op, std::make_unique<Call>(*this, op, callback)).first->second;
}

ph_op ScheduledCalls::call_soon(Callback callback) {
    if (closed_) return 0;
    Call& call = add(callback);
    loop_.call_soon(call);
    return call.op();
}

ph_op ScheduledCalls::call_at(std::uint64_t when, Callback callback) {
    if (closed_) return 0;
    Call& call = add(callback);
    // What no clock will ever show is as late as a clock can be.
    constexpr auto latest = std::numeric_limits<std::int64_t>::max();
    const auto since_epoch = std::min(when, static_cast<std::uint64_t>(latest));
    const std::chrono::steady_clock::time_point at{
        std::chrono::nanoseconds(static_cast<std::int64_t>(since_epoch))};
    call.timer().start(at, [this, op = call.op()] { run(op); });
    return call.op();
}

ph_status ScheduledCalls::cancel(ph_op op) {
    const auto found = calls_.extract(op);
    if (found.empty()) return PH_E_INVAL;
    drop(found.mapped()->callback());
    return PH_OK;
}

void ScheduledCalls::drop(const Callback& callback) {
    if (callback.drop != nullptr) call(callback.drop, callback.arg);
}

void ScheduledCalls::call(ph_fn function, void* arg) {
    const net::WatchedCallback watched(
        loop_, [&] { return base::format("{}: a scheduled callback", log_.area()); });
    const ph_status status = net::guarded(loop_, [&] {
        function(arg);
        return ph_status{PH_OK};
    });
    if (status < 0) {
        log_.error({.id = base::events::plugin_fault},
                   "a scheduled callback failed: {}",
                   base::take_failure());
    }
}

void ScheduledCalls::run(ph_op op) {
    const auto found = calls_.extract(op);
    if (found.empty()) return;
    const Callback callback = found.mapped()->callback();
    call(callback.fn, callback.arg);
}

ph_status ScheduledCalls::post(Callback callback) {
    const std::lock_guard lock(inbox_->mutex);
    if (inbox_->closed) return PH_E_CANCELLED;
    inbox_->waiting.push_back(callback);
    if (inbox_->waiting.size() == 1) {
        loop_.call_soon_threadsafe([inbox = inbox_] {
            if (inbox->owner != nullptr) inbox->owner->take_inbox();
        });
    }
    return PH_OK;
}

void ScheduledCalls::take_inbox() {
    std::vector<Callback> arrived;
    {
        const std::lock_guard lock(inbox_->mutex);
        arrived.swap(inbox_->waiting);
    }
    for (const Callback& callback : arrived) call_soon(callback);
}

void ScheduledCalls::drop_all() {
    closed_ = true;
    inbox_->owner = nullptr;
    std::vector<Callback> waiting;
    {
        const std::lock_guard lock(inbox_->mutex);
        inbox_->closed = true;
        waiting.swap(inbox_->waiting);
    }
    for (const Callback& callback : waiting) drop(callback);
    const auto calls = std::exchange(calls_, {});
    for (const auto& [op, call] : calls) drop(call->callback());
}

}  // namespace protohost::unit

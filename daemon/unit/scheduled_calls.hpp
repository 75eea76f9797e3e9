// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <unordered_map>

#include "daemon/net/loop.hpp"
#include "daemon/unit/unit_log.hpp"

#include <protohost/abi.h>

namespace protohost::unit {

/// What one plugin instance has scheduled on the loop. Of `fn` and `drop` exactly one is called for
/// each, also when the instance goes first. [loop], but for post().
class ScheduledCalls {
public:
    /// What a callback throws is said in `log`.
    ScheduledCalls(net::Loop& loop, UnitLog log);
    ~ScheduledCalls();
    ScheduledCalls(const ScheduledCalls&) = delete;
    ScheduledCalls& operator=(const ScheduledCalls&) = delete;

    struct Callback {
        ph_fn fn;
        ph_fn drop;  ///< may be nullptr
        void* arg;
    };

    /// 0 once drop_all() was called; then neither function is. So of call_at().
    ph_op call_soon(Callback callback);
    /// `when` in nanoseconds of loop time.
    ph_op call_at(std::uint64_t when, Callback callback);
    ph_status cancel(ph_op op);

    /// [any] PH_E_CANCELLED once drop_all() was called; then neither function is.
    ph_status post(Callback callback);

    /// Nothing is called from now on; what still waits is dropped.
    void drop_all();

    std::size_t size() const { return calls_.size(); }

private:
    class Call;
    struct Inbox;

    Call& add(Callback callback);
    void take_inbox();
    void run(ph_op op);
    void call(ph_fn function, void* arg);
    void drop(const Callback& callback);

    net::Loop& loop_;
    const UnitLog log_;
    std::unordered_map<ph_op, std::unique_ptr<Call>> calls_;
    std::shared_ptr<Inbox> inbox_;
    ph_op last_ = 0;
    bool closed_ = false;
};

}  // namespace protohost::unit

// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "daemon/net/loop.hpp"
#include "daemon/unit/loop_services.hpp"
#include "daemon/unit/open_request.hpp"

namespace protohost::unit {

/// Something that a plugin asked for and that is under way. It completes once, in a step of its
/// own; then it is destroyed.
///
///     begin() --> under way --> settled --> completed
///                     \--cancel()--> completed, in the next step, with PH_E_CANCELLED
class Operation : private net::Task {
public:
    Operation(LoopServices& services, ph_op op) : services_(services), op_(op) {}
    virtual ~Operation() = default;
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;

    /// Never completes from inside.
    virtual void begin() = 0;

    /// False: it is too late.
    bool cancel() {
        if (settled_ || cancelled_) return false;
        if (!withdraw()) return false;
        cancelled_ = true;
        if (!is_linked()) complete_soon();
        return true;
    }

    /// Its services begin nothing more.
    virtual void services_closed() { cancel(); }

    /// Completes at once: its services go.
    void abandon() {
        if (!std::exchange(completed_, true)) abandoned();
    }

protected:
    /// Goes on with step() in the next iteration.
    void complete_soon() { services_.shared().loop.call_soon(*this); }

    /// From here on it cannot be cancelled any more: the author is about to be called.
    void settle() { settled_ = true; }

    /// Ends it with `tell`, which calls the author. Destroys this.
    template <class F>
    void complete(F&& tell) {
        settle();
        completed_ = true;
        tell();
        services_.ended(op_);
    }
    void complete_failed(const OpenError& error) {
        complete([&] { fail(error); });
    }

    /// Tells the author why.
    virtual void fail(const OpenError& error) = 0;
    /// Tells the author how it ends where it cannot go on.
    virtual void abandoned() { fail({PH_E_CANCELLED, 0, "cancelled"}); }
    /// What complete_soon() announced.
    virtual void step() {}
    /// Takes back what is under way; false: too late.
    virtual bool withdraw() { return true; }

    LoopServices& services() { return services_; }

private:
    void run() final {
        if (cancelled_) {
            complete_failed({PH_E_CANCELLED, 0, "cancelled"});
        } else {
            step();
        }
    }

    LoopServices& services_;
    const ph_op op_;
    bool settled_ = false;
    bool completed_ = false;
    bool cancelled_ = false;
};

}  // namespace protohost::unit

// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>
#include <type_traits>
#include <utility>

#include <protohost/detail/context.hpp>
#include <protohost/log.hpp>

namespace protohost {

/// Loop time: monotonic, and not to be compared with a wall clock.
using TimePoint = std::chrono::steady_clock::time_point;

/// asyncio's Handle and TimerHandle: something scheduled that can still be called off. As there,
/// its own end cancels nothing: what a callback captures must outlive it, or be cancelled in time.
/// See ScopedHandle.
class Handle {
public:
    Handle() = default;
    Handle(detail::Context context, ph_op op) : context_(context), op_(op) {}

    /// [loop] The callback is destroyed without being called. Too late or again: nothing.
    void cancel() {
        if (op_ != 0) context_.host->loop->cancel(context_.ctx, std::exchange(op_, 0));
    }

private:
    detail::Context context_;
    ph_op op_ = 0;
};

/// A Handle that cancels: when it is destroyed, and when another is assigned. For a protocol's own
/// timers, whose callbacks capture `this`: they go with the protocol.
class ScopedHandle {
public:
    ScopedHandle() = default;
    ScopedHandle(Handle handle) : handle_(handle) {}
    ScopedHandle(ScopedHandle&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
    ScopedHandle& operator=(ScopedHandle&& other) noexcept {
        if (this != &other) {
            cancel();
            handle_ = std::exchange(other.handle_, {});
        }
        return *this;
    }
    ~ScopedHandle() { cancel(); }

    void cancel() { std::exchange(handle_, {}).cancel(); }

private:
    Handle handle_;
};

namespace detail {

/// A callable on its way through the loop: called or destroyed there, exactly one of the two.
template <class F>
struct Scheduled {
    Context context;
    F call;

    static void run(void* self) noexcept {
        const std::unique_ptr<Scheduled> scheduled(static_cast<Scheduled*>(self));
        try {
            scheduled->call();
        } catch (const std::exception& exception) {
            scheduled->context.log_error(exception.what());
        } catch (...) {
            scheduled->context.log_error("a scheduled callback threw no std::exception");
        }
    }
    static void drop(void* self) noexcept { delete static_cast<Scheduled*>(self); }
};

}  // namespace detail

/// The one event loop that all transports share. A cheap handle; copy it freely.
///
/// Callbacks never overlap with each other or with a protocol's, so none of them needs a lock. What
/// a callback throws is logged and ends nothing. Callbacks still waiting when the plugin is
/// released are destroyed without being called.
class Loop {
public:
    Loop() = default;
    explicit Loop(detail::Context context) : context_(context) {}

    /// [any]
    TimePoint time() const {
        return TimePoint(std::chrono::duration_cast<TimePoint::duration>(
            std::chrono::nanoseconds(context_.host->loop->time(context_.ctx))));
    }

    /// [loop] In the next iteration, first in, first out; never from inside this call.
    template <class F>
    Handle call_soon(F call) {
        auto scheduled = wrap(std::move(call));
        const ph_op op =
            context_.host->loop->call_soon(context_.ctx, run<F>, drop<F>, scheduled.get());
        return handle_of(op, std::move(scheduled));
    }

    /// [loop] Never early; late by the loop's business.
    template <class Rep, class Period, class F>
    Handle call_later(std::chrono::duration<Rep, Period> delay, F call) {
        // Compared as floating point: a delay may be longer than a clock can count.
        const TimePoint now = time();
        const std::chrono::duration<double> longest = TimePoint::max() - now;
        if (std::chrono::duration<double>(delay) >= longest) {
            return call_at(TimePoint::max(), std::move(call));
        }
        return call_at(now + std::chrono::ceil<TimePoint::duration>(delay), std::move(call));
    }

    /// [loop]
    template <class F>
    Handle call_at(TimePoint when, F call) {
        const auto at =
            std::chrono::duration_cast<std::chrono::nanoseconds>(when.time_since_epoch()).count();
        auto scheduled = wrap(std::move(call));
        const ph_op op = context_.host->loop->call_at(context_.ctx,
                                                      at < 0 ? 0 : static_cast<std::uint64_t>(at),
                                                      run<F>,
                                                      drop<F>,
                                                      scheduled.get());
        return handle_of(op, std::move(scheduled));
    }

    /// [any] As call_soon, from a thread of the plugin's own. False when the loop has stopped: the
    /// callback is then destroyed here.
    template <class F>
    bool call_soon_threadsafe(F call) {
        auto scheduled = wrap(std::move(call));
        const ph_status status = context_.host->loop->call_soon_threadsafe(
            context_.ctx, run<F>, drop<F>, scheduled.get());
        if (status != PH_OK) return false;
        static_cast<void>(scheduled.release());
        return true;
    }

    /// [any] For assertions.
    bool on_loop() const { return context_.host->on_loop(context_.ctx) != 0; }

    Log log() const { return Log(context_); }

private:
    /// Whoever was scheduled belongs to the loop; who was not, is destroyed here.
    template <class F>
    Handle handle_of(ph_op op, std::unique_ptr<detail::Scheduled<F>> scheduled) {
        if (op != 0) static_cast<void>(scheduled.release());
        // The analyzer does not see that the loop calls run or drop, and either deletes it.
        return {context_, op};  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks)
    }
    template <class F>
    std::unique_ptr<detail::Scheduled<F>> wrap(F&& call) {
        return std::unique_ptr<detail::Scheduled<F>>(
            new detail::Scheduled<F>{context_, std::forward<F>(call)});
    }
    template <class F>
    static void run(void* scheduled) {
        detail::Scheduled<F>::run(scheduled);
    }
    template <class F>
    static void drop(void* scheduled) {
        detail::Scheduled<F>::drop(scheduled);
    }

    detail::Context context_;
};

}  // namespace protohost

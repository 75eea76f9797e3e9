// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include <boost/intrusive/list.hpp>

#include "daemon/net/timer.hpp"

namespace protohost::net {

/// Timeouts of many for the price of one timer, which runs only while there are any. Time is
/// counted in ticks, and each tick looks at those alone who may be due, so that what is watched
/// needs to note no more than the number of the tick in which something happened. [loop]
///
/// A tick never takes less than its length: what counts ticks is never early. While the loop is
/// held up no ticks pass, and nobody is timed out for it.
class TimingWheel {
public:
    using Tick = std::uint64_t;

    using Hook = boost::intrusive::list_base_hook<
        boost::intrusive::tag<class Timed>,
        boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

    /// What is to be done in some tick.
    class Entry : public Hook {
    public:
        /// Called once; may schedule and cancel anything, and destroy this.
        virtual void due() = 0;

    protected:
        Entry() = default;
        virtual ~Entry() = default;

    private:
        friend class TimingWheel;
        Tick when_ = 0;
    };

    TimingWheel(Loop& loop, std::chrono::milliseconds tick) : tick_(tick), timer_(loop) {}

    Tick now() const { return now_; }
    /// How many whole ticks take at least `duration`.
    Tick ticks(std::chrono::nanoseconds duration) const;

    /// Makes `entry` due in tick `when`, which is to come, unless it is due earlier already. It
    /// must be cancelled before it goes.
    void schedule(Entry& entry, Tick when);
    void cancel(Entry& entry);

private:
    static constexpr std::size_t slots = 256;

    void start();
    void ticked();

    using Slot = boost::intrusive::
        list<Entry, boost::intrusive::base_hook<Hook>, boost::intrusive::constant_time_size<false>>;

    const std::chrono::milliseconds tick_;
    Timer timer_;
    Tick now_ = 0;
    std::size_t entries_ = 0;
    std::array<Slot, slots> slots_;
};

/// The wheels of a loop, made as they are needed.
class TimingWheels {
public:
    explicit TimingWheels(Loop& loop) : loop_(loop) {}

    /// One whose ticks are an eighth of `timeout` or less, and not longer than about a second.
    TimingWheel& of(std::chrono::nanoseconds timeout);

private:
    static constexpr std::size_t longest = 10;

    Loop& loop_;
    std::array<std::unique_ptr<TimingWheel>, longest + 1> wheels_;  ///< ticks of 1 << index ms
};

}  // namespace protohost::net

// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

#include <boost/intrusive/set.hpp>

#include "daemon/base/descriptor.hpp"
#include "daemon/net/epoll_set.hpp"

namespace protohost::net {

/// The deadlines of a loop, on one timerfd in its set: a wait needs no timeout of its own, which
/// the kernel would have to arm for every message. [loop]
class TimerQueue final : public EventSink {
public:
    using Clock = std::chrono::steady_clock;
    using Hook =
        boost::intrusive::set_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

    /// One deadline; unlink() and the destructor cancel it.
    class Entry : public Hook {
    public:
        /// Called once, never early; may schedule and cancel anything, and destroy this.
        virtual void expired() = 0;

        friend bool operator<(const Entry& a, const Entry& b) { return a.when_ < b.when_; }

    protected:
        Entry() = default;
        virtual ~Entry() = default;

    private:
        friend class TimerQueue;
        Clock::time_point when_;
    };

    /// Throws std::system_error.
    explicit TimerQueue(EpollSet& set);
    ~TimerQueue() override { entries_.clear(); }

    /// Of those with the same deadline, who came first expires first.
    void add(Entry& entry, Clock::time_point when);

    /// Tells whoever is due, and then nobody who was scheduled by one of them. True: somebody was.
    bool run_due();

    /// Sees to it that the set wakes up for the soonest: before every wait.
    void arm();

private:
    void on_events(std::uint32_t) override { maybe_due_ = true; }

    using Entries = boost::intrusive::multiset<Entry,
                                               boost::intrusive::base_hook<Hook>,
                                               boost::intrusive::constant_time_size<false>>;

    base::Descriptor timer_;
    Entries entries_;
    Clock::time_point armed_ = Clock::time_point::max();
    bool maybe_due_ = false;
};

}  // namespace protohost::net

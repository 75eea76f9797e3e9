// SPDX-License-Identifier: MIT
#include "daemon/net/timer_queue.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/timerfd.h>
#include <system_error>

namespace protohost::net {

TimerQueue::TimerQueue(EpollSet& set)
    : timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
    if (!timer_) throw std::system_error(errno, std::generic_category(), "timerfd_create");
    // By its edge, so that nobody has to read it.
    if (const int error = set.change(timer_.get(), 0, EPOLLIN | EPOLLET, *this); error != 0) {
        throw std::system_error(error, std::generic_category(), "epoll_ctl");
    }
}

void TimerQueue::add(Entry& entry, Clock::time_point when) {
    entry.unlink();
    entry.when_ = when;
    entries_.insert(entry);
}

bool TimerQueue::run_due() {
    if (!maybe_due_) return false;
    maybe_due_ = false;
    armed_ = Clock::time_point::max();
    const auto now = Clock::now();
    Entries due;
    while (!entries_.empty() && entries_.begin()->when_ <= now) {
        Entry& entry = *entries_.begin();
        entry.unlink();
        due.insert(due.end(), entry);
    }
    if (due.empty()) return false;
    while (!due.empty()) {
        Entry& entry = *due.begin();
        entry.unlink();
        entry.expired();
    }
    return true;
}

void TimerQueue::arm() {
    if (entries_.empty() || entries_.begin()->when_ >= armed_) return;
    using std::chrono::nanoseconds;
    armed_ = entries_.begin()->when_;
    // Zero would disarm it; what is past is due at once.
    const auto since = std::max<nanoseconds>(armed_.time_since_epoch(), nanoseconds(1));
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
    itimerspec when{};
    when.it_value.tv_sec = seconds.count();
    when.it_value.tv_nsec = nanoseconds(since - seconds).count();
    ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
}

}  // namespace protohost::net

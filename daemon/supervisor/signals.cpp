// SPDX-License-Identifier: MIT
#include "daemon/supervisor/signals.hpp"

#include <atomic>
#include <cerrno>
#include <sys/eventfd.h>
#include <system_error>
#include <utility>

namespace protohost::supervisor {

namespace {

std::atomic<int> told_to{-1};
static_assert(std::atomic<int>::is_always_lock_free);

/// One of a signal, in a number that counts all three at once.
constexpr eventfd_t one_of(int signal) {
    constexpr int bits = 20;
    if (signal == SIGTERM) return 1;
    return eventfd_t{1} << (signal == SIGINT ? bits : 2 * bits);
}

/// Takes all of `signal` out of `counted`: how many there were. The most significant first.
eventfd_t take(eventfd_t& counted, int signal) {
    const eventfd_t times = counted / one_of(signal);
    counted %= one_of(signal);
    return times;
}

void handle(int signal) {
    const int interrupted = errno;
    ::eventfd_write(told_to, one_of(signal));
    errno = interrupted;
}

}  // namespace

Signals::Signals(net::Loop& loop, Supervisor& supervisor, std::function<void()> stopped)
    : loop_(loop),
      supervisor_(supervisor),
      stopped_(std::move(stopped)),
      counter_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    std::signal(SIGPIPE, SIG_IGN);  // a peer that is gone is an error code, not a signal
    // Where whoever started us ignores it, the kernel forgets how children have ended.
    std::signal(SIGCHLD, SIG_DFL);
    if (!counter_) throw std::system_error(errno, std::generic_category(), "eventfd");
    if (const int error = loop.set().change(counter_.get(), 0, EPOLLIN, *this); error != 0) {
        throw std::system_error(error, std::generic_category(), "epoll_ctl");
    }
    told_to = counter_.get();
    struct sigaction action {};
    action.sa_handler = handle;
    action.sa_flags = SA_RESTART;
    for (std::size_t i = 0; i < handled.size(); ++i) {
        ::sigaction(handled[i], &action, &before_[i]);
    }
}

Signals::~Signals() {
    for (std::size_t i = 0; i < handled.size(); ++i) {
        ::sigaction(handled[i], &before_[i], nullptr);
    }
    told_to = -1;
    loop_.set().change(counter_.get(), EPOLLIN, 0, *this);
}

void Signals::on_events(std::uint32_t) {
    eventfd_t counted = 0;
    if (::eventfd_read(counter_.get(), &counted) != 0) return;
    for (const int signal : {SIGHUP, SIGINT, SIGTERM}) {
        for (eventfd_t times = take(counted, signal); times > 0; --times) received(signal);
    }
}

void Signals::received(int signal) {
    if (signal == SIGHUP) return supervisor_.reload("SIGHUP", nullptr);
    log_.info("{}: {}",
              signal == SIGTERM ? "SIGTERM" : "SIGINT",
              std::exchange(stopping_, true) ? "aborting what has not ended" : "stopping");
    supervisor_.stop(stopped_);
}

}  // namespace protohost::supervisor

// SPDX-License-Identifier: MIT
#include "daemon/supervisor/signals.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <sys/eventfd.h>
#include <system_error>
#include <utility>

#include "daemon/base/log_events.hpp"
#include "daemon/base/log_setup.hpp"

namespace protohost::supervisor {

namespace {

std::atomic<int> bell{-1};
/// How many of each have come, by their numbers.
std::array<std::atomic<unsigned>, NSIG> counts{};
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<unsigned>::is_always_lock_free);

void handle(int signal) {
    const int interrupted = errno;
    ++counts[static_cast<std::size_t>(signal)];
    ::eventfd_write(bell, 1);
    errno = interrupted;
}

}  // namespace

Signals::Signals(net::Loop& loop, Supervisor& supervisor, std::function<void()> stopped)
    : loop_(loop),
      supervisor_(supervisor),
      stopped_(std::move(stopped)),
      bell_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    std::signal(SIGPIPE, SIG_IGN);  // a peer that is gone is an error code, not a signal
    // Where whoever started us ignores it, the kernel forgets how children have ended.
    std::signal(SIGCHLD, SIG_DFL);
    if (!bell_) throw std::system_error(errno, std::generic_category(), "eventfd");
    if (const int error = loop.set().change(bell_.get(), 0, EPOLLIN, *this); error != 0) {
        throw std::system_error(error, std::generic_category(), "epoll_ctl");
    }
    for (auto& count : counts) count = 0;
    bell = bell_.get();
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
    bell = -1;
    loop_.set().change(bell_.get(), EPOLLIN, 0, *this);
}

void Signals::on_events(std::uint32_t) {
    eventfd_t rung = 0;
    if (::eventfd_read(bell_.get(), &rung) != 0) return;
    for (const int signal : handled) {
        unsigned times = counts[static_cast<std::size_t>(signal)].exchange(0);
        for (; times > 0; --times) received(signal);
    }
}

void Signals::received(int signal) {
    if (signal == SIGUSR1) return base::reopen_log_file();
    if (signal == SIGHUP) return supervisor_.reload("SIGHUP", nullptr);
    log_.info({.id = base::events::stopping},
              "{}: {}",
              signal == SIGTERM ? "SIGTERM" : "SIGINT",
              std::exchange(stopping_, true) ? "aborting what has not ended" : "stopping");
    supervisor_.stop(stopped_);
}

}  // namespace protohost::supervisor

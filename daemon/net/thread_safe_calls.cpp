// SPDX-License-Identifier: MIT
#include "daemon/net/thread_safe_calls.hpp"

#include <cerrno>
#include <sys/eventfd.h>
#include <system_error>
#include <utility>

namespace protohost::net {

ThreadSafeCalls::ThreadSafeCalls(EpollSet& set) : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!wake_) throw std::system_error(errno, std::generic_category(), "eventfd");
    // By its edge, so that nobody has to read it.
    if (const int error = set.change(wake_.get(), 0, EPOLLIN | EPOLLET, *this); error != 0) {
        throw std::system_error(error, std::generic_category(), "epoll_ctl");
    }
}

void ThreadSafeCalls::put(std::function<void()> call) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(call));
    if (waiting_.size() == 1) ::eventfd_write(wake_.get(), 1);
}

void ThreadSafeCalls::on_events(std::uint32_t) {
    std::vector<std::function<void()>> arrived;
    {
        const std::lock_guard lock(mutex_);
        arrived.swap(waiting_);
    }
    for (const auto& call : arrived) call();
}

}  // namespace protohost::net

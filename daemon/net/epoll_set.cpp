// SPDX-License-Identifier: MIT
#include "daemon/net/epoll_set.hpp"

#include <cerrno>
#include <system_error>

namespace protohost::net {

EpollSet::EpollSet() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (!epoll_) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

int EpollSet::change(int fd, std::uint32_t before, std::uint32_t after, EventSink& sink) {
    if (before == after) return 0;
    epoll_event event{};
    event.events = after;
    event.data.ptr = &sink;
    const int operation = before == 0 ? EPOLL_CTL_ADD : after == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
    return ::epoll_ctl(epoll_.get(), operation, fd, &event) == 0 ? 0 : errno;
}

std::span<const epoll_event> EpollSet::wait(int milliseconds) {
    const int ready =
        ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), milliseconds);
    return {events_.data(), ready > 0 ? static_cast<std::size_t>(ready) : 0};
}

}  // namespace protohost::net

// SPDX-License-Identifier: MIT
#include "daemon/net/epoll_set.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace protohost::net {

namespace {

/// Whoever takes up what was let go does so within a step or two of the loop.
constexpr std::uint32_t longest_let_go = 3;

base::Descriptor make_set() {
    return base::Descriptor(::epoll_create1(EPOLL_CLOEXEC));
}

}  // namespace

EpollSet::EpollSet() : epoll_(make_set()) {
    if (!epoll_) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

EpollSet::Entry& EpollSet::entry(int fd) {
    const auto index = static_cast<std::size_t>(fd);
    if (index >= entries_.capacity()) entries_.reserve(index + index / 8 + 64);
    if (index >= entries_.size()) entries_.resize(index + 1);
    return entries_[index];
}

int EpollSet::control(int operation, int fd, const Entry& entry) {
    epoll_event event{};
    event.events = entry.events;
    event.data.u64 = std::uint64_t{entry.turn} << 32 | static_cast<std::uint32_t>(fd);
    return ::epoll_ctl(epoll_.get(), operation, fd, &event) == 0 ? 0 : errno;
}

int EpollSet::change(int fd, std::uint32_t before, std::uint32_t after, EventSink& sink) {
    if (before == after) return 0;
    Entry& entry = this->entry(fd);
    if (after == 0) {
        remove(fd, entry);
        return 0;
    }
    const bool heir = (entry.events & unheard) != 0 && entry.sink == &sink;
    const std::uint32_t had = heir ? entry.events & ~unheard : before;
    if (had == 0 && entry.sink != &sink) {
        // An event of the running batch is its predecessor's.
        ++entry.turn;
        left_ = true;
    }
    const Entry former = std::exchange(entry, {&sink, after, entry.turn});
    if (had == after) return 0;
    int error = control(had == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, entry);
    // Let go, and not passed on.
    if (error == EEXIST) error = control(EPOLL_CTL_MOD, fd, entry);
    if (error != 0) entry.events = former.events;
    return error;
}

void EpollSet::remove(int fd, Entry& entry) {
    control(EPOLL_CTL_DEL, fd, entry);
    entry.events = 0;
    left_ = true;
}

void EpollSet::let_go(int fd) {
    Entry& entry = this->entry(fd);
    if (entry.events == 0) return;
    abandon(fd);
    let_go_.push_back({fd, entry.turn, waits_});
}

void EpollSet::pass_on(int fd, EventSink& heir) {
    // What is unheard is let go by whoever had this very descriptor a moment ago: nobody else has
    // got the number without a change() of his own since.
    Entry& entry = this->entry(fd);
    if ((entry.events & unheard) != 0) entry.sink = &heir;
}

void EpollSet::abandon(int fd) {
    Entry& entry = this->entry(fd);
    entry.sink = nullptr;
    if (entry.events != 0) entry.events |= unheard;
}

void EpollSet::close(base::Descriptor& descriptor) {
    if (!descriptor) return;
    Entry& entry = this->entry(descriptor.get());
    entry = {nullptr, 0, entry.turn + 1};
    left_ = true;
    descriptor.close();
}

void EpollSet::drop_let_go(bool blocks) {
    std::erase_if(let_go_, [&](const LetGo& each) {
        if (!blocks && waits_ - each.waits < longest_let_go) return false;
        Entry& entry = this->entry(each.fd);
        if (entry.turn == each.turn && (entry.events & unheard) != 0) remove(each.fd, entry);
        return true;
    });
}

std::span<const epoll_event> EpollSet::wait(int milliseconds) {
    if (!let_go_.empty()) drop_let_go(milliseconds != 0);
    if (stale_) rebuild();
    left_ = false;
    ++waits_;
    const int ready =
        ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), milliseconds);
    return {events_.data(), ready > 0 ? static_cast<std::size_t>(ready) : 0};
}

void EpollSet::not_told(bool known) {
    // It was gone when the wait began: somebody has a copy of the descriptor.
    if (!known && !left_) stale_ = true;
}

void EpollSet::rebuild() {
    // What the kernel holds for a closed descriptor cannot be named any more.
    base::Descriptor former = std::exchange(epoll_, make_set());
    bool complete = static_cast<bool>(epoll_);
    for (std::size_t fd = 0; complete && fd < entries_.size(); ++fd) {
        Entry entry = entries_[fd];
        entry.events &= ~unheard;
        const int error =
            entry.events == 0 ? 0 : control(EPOLL_CTL_ADD, static_cast<int>(fd), entry);
        complete = error == 0 || error == EBADF;
    }
    // No descriptor or no memory: with the next event of what is stale it is tried again.
    if (!complete) epoll_ = std::move(former);
    stale_ = false;
}

}  // namespace protohost::net

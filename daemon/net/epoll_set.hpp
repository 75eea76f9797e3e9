// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <sys/epoll.h>
#include <vector>

#include "daemon/base/descriptor.hpp"

namespace protohost::net {

/// Whatever has a descriptor in the set. Pinned: the set holds its address.
class EventSink {
public:
    EventSink() = default;
    EventSink(const EventSink&) = delete;
    EventSink& operator=(const EventSink&) = delete;
    virtual ~EventSink() = default;

    /// EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR.
    virtual void on_events(std::uint32_t events) = 0;
};

/// A level-triggered epoll set. The kernel remembers what everyone waits for, so that a message
/// costs a recv and a send and nothing else: no wait to arm, and no buffer to keep per connection.
///
/// What the kernel is given is a number and its turn, not who waits: so a descriptor may pass from
/// one to the other, or be closed, without the kernel being told, and an event of one that was
/// closed meanwhile never reaches whoever has got its number.
class EpollSet {
public:
    EpollSet();

    /// Changes what `fd` waits for from `before` to `after` (EPOLLIN, EPOLLOUT); 0 is outside the
    /// set. A set reports EPOLLHUP unasked, so whoever wants nothing must not be in it, or a peer's
    /// reset would spin the loop. Returns 0 or an errno; leaving never fails.
    int change(int fd, std::uint32_t before, std::uint32_t after, EventSink& sink);

    /// In place of leaving, for whoever is followed on `fd` by another soon: it hears no more of
    /// it, and the kernel is told before the set waits next, unless it has been taken up by then.
    void let_go(int fd);
    /// Whom it is for: its change() from 0 takes it up. Nothing where nobody has let it go.
    void pass_on(int fd, EventSink& heir);

    /// In place of leaving, for whoever closes `fd` in the next iteration: it hears no more of it.
    void abandon(int fd);
    /// Closes it; the kernel then forgets what it waited for, unless somebody has a copy.
    void close(base::Descriptor& descriptor);

    /// What is ready, after at most `milliseconds`, -1 for however long it takes. Nothing: the time
    /// is over, or a signal came. Valid until the next wait.
    std::span<const epoll_event> wait(int milliseconds);

    /// Tells whom `event` is for, one of the last wait; nobody, where that one has gone meanwhile.
    void tell(const epoll_event& event) {
        const std::uint64_t key = event.data.u64;
        const Entry& entry = entries_[static_cast<std::uint32_t>(key)];
        if (entry.turn == key >> 32 && entry.heard()) return entry.sink->on_events(event.events);
        not_told(entry.turn == key >> 32 && entry.events != 0);
    }

private:
    /// Of an entry's events: the kernel has it, and nobody is told. A bit that epoll does not use.
    static constexpr std::uint32_t unheard = 1U << 20;

    struct Entry {
        /// Whether there is somebody to tell.
        bool heard() const { return events != 0 && (events & unheard) == 0; }

        EventSink* sink = nullptr;
        std::uint32_t events = 0;  ///< as the kernel has them; 0: it does not have it
        std::uint32_t turn = 0;    ///< one more for each who gets the number
    };
    struct LetGo {
        int fd;
        std::uint32_t turn;
        std::uint32_t waits;  ///< before it was
    };

    Entry& entry(int fd);
    int control(int operation, int fd, const Entry& entry);
    void remove(int fd, Entry& entry);
    void drop_let_go(bool blocks);
    /// Whether the kernel has a reason to report it still.
    void not_told(bool known);
    void rebuild();

    base::Descriptor epoll_;
    std::array<epoll_event, 256> events_;
    std::vector<Entry> entries_;  ///< by descriptor
    std::vector<LetGo> let_go_;
    std::uint32_t waits_ = 0;
    bool left_ = false;   ///< since the last wait somebody has left
    bool stale_ = false;  ///< the kernel reports what nobody waits for
};

}  // namespace protohost::net

// SPDX-License-Identifier: MIT
#include "daemon/net/epoll_set.hpp"

#include <array>
#include <fcntl.h>
#include <functional>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/daemon/net/rig.hpp"

namespace protohost::net::testing {
namespace {

class Sink final : public EventSink {
public:
    std::function<void()> on;
    int told = 0;

private:
    void on_events(std::uint32_t) override {
        ++told;
        if (on) on();
    }
};

struct Ends {
    base::Descriptor ours;
    base::Descriptor theirs;
};

Ends connected() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
    return {base::Descriptor(fds[0]), base::Descriptor(fds[1])};
}

/// Of which something can be read.
Ends readable() {
    Ends ends = connected();
    EXPECT_EQ(::write(ends.theirs.get(), "x", 1), 1);
    return ends;
}

base::Descriptor copy_of(int fd) {
    return base::Descriptor(::fcntl(fd, F_DUPFD_CLOEXEC, 100));
}

/// How many events the kernel had.
std::size_t turn(EpollSet& set, int milliseconds = 0) {
    const auto events = set.wait(milliseconds);
    for (const epoll_event& event : events) set.tell(event);
    return events.size();
}

TEST(EpollSet, TellsWhoWaits) {
    EpollSet set;
    Sink sink;
    const Ends ends = readable();
    ASSERT_EQ(set.change(ends.ours.get(), 0, EPOLLIN, sink), 0);
    EXPECT_EQ(turn(set), 1u);
    EXPECT_EQ(sink.told, 1);
    ASSERT_EQ(set.change(ends.ours.get(), EPOLLIN, 0, sink), 0);
    EXPECT_EQ(turn(set), 0u);
}

TEST(EpollSet, ForgetsWhatIsClosedThoughSomebodyHasACopy) {
    EpollSet set;
    Sink sink;
    Ends ends = readable();
    ASSERT_EQ(set.change(ends.ours.get(), 0, EPOLLIN, sink), 0);
    const base::Descriptor copy = copy_of(ends.ours.get());
    set.close(ends.ours);
    EXPECT_EQ(turn(set), 1u) << "the kernel has no reason to forget it";
    EXPECT_EQ(turn(set), 0u) << "it is told once, or the loop would spin";
    EXPECT_EQ(sink.told, 0);
}

TEST(EpollSet, ACopyOfWhatIsClosedIsNotWhoeverHasItsNumberNow) {
    EpollSet set;
    Sink sink;
    Sink other;
    Ends ends = readable();
    const int number = ends.ours.get();
    ASSERT_EQ(set.change(number, 0, EPOLLIN, sink), 0);
    const base::Descriptor copy = copy_of(number);
    set.close(ends.ours);
    const Ends next = connected();
    ASSERT_EQ(next.ours.get(), number);
    ASSERT_EQ(set.change(number, 0, EPOLLIN, other), 0);
    turn(set);
    EXPECT_EQ(turn(set), 0u);
    EXPECT_EQ(other.told, 0);
    ASSERT_EQ(::write(next.theirs.get(), "y", 1), 1);
    EXPECT_EQ(turn(set), 1u) << "what is not stale is in the set that was made anew";
    EXPECT_EQ(other.told, 1);
    EXPECT_EQ(sink.told, 0);
}

TEST(EpollSet, AnEventIsNotForWhoeverHasGotTheNumberInTheSameBatch) {
    EpollSet set;
    Sink first;
    Sink second;
    Sink other;
    std::array<Ends, 2> pairs{readable(), readable()};
    ASSERT_EQ(set.change(pairs[0].ours.get(), 0, EPOLLIN, first), 0);
    ASSERT_EQ(set.change(pairs[1].ours.get(), 0, EPOLLIN, second), 0);
    Ends next;
    const auto replace = [&](Ends& ends) {
        const int number = ends.ours.get();
        set.close(ends.ours);
        next = connected();
        ASSERT_EQ(next.ours.get(), number);
        ASSERT_EQ(set.change(number, 0, EPOLLIN, other), 0);
    };
    // Whichever comes first closes the other one.
    first.on = [&] { replace(pairs[1]); };
    second.on = [&] { replace(pairs[0]); };
    EXPECT_EQ(turn(set), 2u);
    EXPECT_EQ(first.told + second.told, 1);
    EXPECT_EQ(other.told, 0);
}

TEST(EpollSet, WhoTakesUpADescriptorIsToldInPlaceOfTheFormer) {
    EpollSet set;
    Sink former;
    Sink heir;
    const Ends ends = readable();
    const int number = ends.ours.get();
    ASSERT_EQ(set.change(number, 0, EPOLLIN, former), 0);
    set.let_go(number);
    set.pass_on(number, heir);
    EXPECT_EQ(turn(set), 1u) << "it is still there, and nobody's";
    ASSERT_EQ(set.change(number, 0, EPOLLIN, heir), 0);
    EXPECT_EQ(turn(set, 1), 1u);
    EXPECT_EQ(heir.told, 1);
    EXPECT_EQ(former.told, 0);
    ASSERT_EQ(set.change(number, EPOLLIN, 0, heir), 0);
    EXPECT_EQ(turn(set), 0u);
}

TEST(EpollSet, WhatIsTakenUpMayWaitForSomethingElse) {
    EpollSet set;
    Sink former;
    Sink heir;
    const Ends ends = connected();
    const int number = ends.ours.get();
    ASSERT_EQ(set.change(number, 0, EPOLLOUT, former), 0);
    set.let_go(number);
    set.pass_on(number, heir);
    ASSERT_EQ(set.change(number, 0, EPOLLIN, heir), 0);
    EXPECT_EQ(turn(set), 0u);
    ASSERT_EQ(::write(ends.theirs.get(), "x", 1), 1);
    EXPECT_EQ(turn(set), 1u);
    EXPECT_EQ(heir.told, 1);
}

TEST(EpollSet, WhatNobodyTakesUpIsOutOfTheSetBeforeItSleeps) {
    EpollSet set;
    Sink sink;
    const Ends ends = readable();
    ASSERT_EQ(set.change(ends.ours.get(), 0, EPOLLIN, sink), 0);
    set.let_go(ends.ours.get());
    EXPECT_EQ(turn(set, 1), 0u);
    ASSERT_EQ(set.change(ends.ours.get(), 0, EPOLLIN, sink), 0) << "and may come again";
    EXPECT_EQ(turn(set), 1u);
    EXPECT_EQ(sink.told, 1);
}

TEST(EpollSet, WhatNobodyTakesUpIsOutOfTheSetOfALoopThatNeverSleeps) {
    EpollSet set;
    Sink sink;
    const Ends ends = readable();
    ASSERT_EQ(set.change(ends.ours.get(), 0, EPOLLIN, sink), 0);
    set.let_go(ends.ours.get());
    for (int i = 0; i < 3; ++i) turn(set);
    EXPECT_EQ(turn(set), 0u);
    EXPECT_EQ(sink.told, 0);
}

TEST(EpollSet, WhatWasLetGoAndClosedIsNotTakenForWhoeverHasItsNumber) {
    EpollSet set;
    Sink former;
    Sink next;
    Ends ends = connected();
    const int number = ends.ours.get();
    ASSERT_EQ(set.change(number, 0, EPOLLIN, former), 0);
    set.let_go(number);
    ends.ours.close();
    const Ends reused = readable();
    ASSERT_EQ(reused.ours.get(), number);
    ASSERT_EQ(set.change(number, 0, EPOLLIN, next), 0);
    EXPECT_EQ(turn(set, 1), 1u);
    EXPECT_EQ(next.told, 1);
}

/// With a transport whose plugin has copied its socket, and keeps that.
void expect_quiet_after_its_end(bool asked) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder);
    ph_info info{};
    if (asked) {
        ASSERT_EQ(transport->get_extra_info("socket", info), PH_OK);
    }
    const base::Descriptor copy = copy_of(transport->descriptor());
    peer.send("unread");
    transport->abort();
    rig.run_until([&] { return recorder.count("lost") == 1; });
    EXPECT_TRUE(rig.idle());
}

TEST(EpollSet, ACopyOfTheSocketOfATransportThatHasEndedIsNotHeardOf) {
    expect_quiet_after_its_end(true);
}

TEST(EpollSet, NorIsOneThatNobodyHasAskedFor) {
    expect_quiet_after_its_end(false);
}

}  // namespace
}  // namespace protohost::net::testing

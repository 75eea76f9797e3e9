// SPDX-License-Identifier: MIT
#include "daemon/net/loop.hpp"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "daemon/net/timer.hpp"
#include "tests/daemon/net/rig.hpp"
#include "tests/daemon/net/step.hpp"

namespace protohost::net::testing {
namespace {

TEST(Loop, RunsTasksInTheOrderTheyCameAndNeverFromInside) {
    Rig rig;
    std::string order;
    Step one([&] { order += "1"; });
    Step two([&] { order += "2"; });
    rig.loop.call_soon(one);
    rig.loop.call_soon(two);
    EXPECT_EQ(order, "");
    rig.run_ready();
    EXPECT_EQ(order, "12");
}

TEST(Loop, ATaskScheduledByATaskWaitsForTheOthers) {
    Rig rig;
    std::string order;
    Step last([&] { order += "last"; });
    Step first([&] {
        order += "first ";
        rig.loop.call_soon(last);
    });
    Step second([&] { order += "second "; });
    rig.loop.call_soon(first);
    rig.loop.call_soon(second);
    rig.run_ready();
    EXPECT_EQ(order, "first second last");
}

TEST(Loop, ATaskThatIsDestroyedOrUnlinkedIsForgotten) {
    Rig rig;
    int runs = 0;
    Step unlinked([&] { ++runs; });
    {
        Step destroyed([&] { ++runs; });
        rig.loop.call_soon(destroyed);
        rig.loop.call_soon(unlinked);
    }
    unlinked.unlink();
    rig.run_ready();
    EXPECT_EQ(runs, 0);
}

TEST(Loop, WhatIsScheduledComesBeforeWhatBecomesReadyMeanwhile) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder);
    transport->pause_reading();
    peer.send("waits");
    Step last([&] { recorder.events.emplace_back("last"); });
    Step beside([&] {
        recorder.events.emplace_back("beside");
        rig.loop.call_soon(last);
    });
    Step resume([&, transport = transport] {
        transport->resume_reading();
        rig.loop.call_soon(beside);
    });
    rig.loop.call_soon(resume);
    rig.run_until([&] { return recorder.events.back() == "last"; });
    EXPECT_EQ(recorder.events, (std::vector<std::string>{"made", "beside", "data:waits", "last"}));
}

TEST(Timer, IsNeverEarlyAndFiresOnce) {
    Rig rig;
    Timer timer(rig.loop);
    int fired = 0;
    const auto due = std::chrono::steady_clock::now() + std::chrono::milliseconds(5);
    timer.start(due, [&] {
        EXPECT_GE(std::chrono::steady_clock::now(), due);
        ++fired;
    });
    rig.run_until([&] { return fired == 1; });
    EXPECT_TRUE(rig.idle());
    EXPECT_EQ(fired, 1);
}

TEST(Timer, ThatAsioHasAlreadyQueuedIsStillCancelledByItsEnd) {
    Rig rig;
    int fired = 0;
    auto second = std::make_unique<Timer>(rig.loop);
    Timer first(rig.loop);
    const auto due = std::chrono::steady_clock::now();
    // Both are due in the same run of the reactor, so the second is queued when the first runs.
    first.start(due, [&] {
        ++fired;
        second.reset();
    });
    second->start(due, [&] { ++fired; });
    rig.run_until([&] { return fired > 0; });
    EXPECT_TRUE(rig.idle());
    EXPECT_EQ(fired, 1);
}

TEST(Timer, StartedAnewForgetsTheOldCallback) {
    Rig rig;
    Timer timer(rig.loop);
    std::string fired;
    timer.start(std::chrono::nanoseconds(0), [&] { fired += "old"; });
    timer.start(std::chrono::nanoseconds(0), [&] { fired += "new"; });
    rig.run_until([&] { return !fired.empty(); });
    EXPECT_TRUE(rig.idle());
    EXPECT_EQ(fired, "new");
}

}  // namespace
}  // namespace protohost::net::testing

// SPDX-License-Identifier: MIT
#include "daemon/net/loop.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

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

TEST(Timer, ThatIsDueAlreadyIsStillCancelledByItsEnd) {
    Rig rig;
    int fired = 0;
    auto second = std::make_unique<Timer>(rig.loop);
    Timer first(rig.loop);
    const auto due = std::chrono::steady_clock::now();
    // Both are due in the same iteration.
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

TEST(Timer, ThatOneOfThemStartsWaitsForTheNextIterationAndStarvesNobody) {
    Rig rig;
    Timer again(rig.loop);
    Timer other(rig.loop);
    int times = 0;
    std::function<void()> start = [&] {
        // As a plugin may: its time is over when it starts.
        again.start(std::chrono::steady_clock::time_point{}, [&] {
            if (++times < 1000) start();
        });
    };
    start();
    bool fired = false;
    other.start(std::chrono::nanoseconds(0), [&] { fired = true; });
    rig.run_until([&] { return fired; });
    EXPECT_LE(times, 2);
    rig.run_until([&] { return times == 1000; });
}

TEST(Timer, ThoseThatAreDueTogetherExpireInTheOrderOfTheirTimes) {
    Rig rig;
    std::string order;
    const auto past = std::chrono::steady_clock::now() - std::chrono::seconds(1);
    std::vector<std::unique_ptr<Timer>> timers;
    const auto start = [&](int milliseconds, char name) {
        timers.push_back(std::make_unique<Timer>(rig.loop));
        timers.back()->start(past + std::chrono::milliseconds(milliseconds),
                             [&order, name] { order += name; });
    };
    start(3, 'd');
    start(1, 'a');
    start(2, 'b');
    start(2, 'c');
    rig.run_until([&] { return order.size() == 4; });
    EXPECT_EQ(order, "abcd");
}

TEST(Loop, CallsFromOtherThreadsComeOnceAndInTheOrderOfEachThread) {
    Rig rig;
    constexpr int threads = 4;
    constexpr int each = 1000;
    std::array<std::vector<int>, threads> seen;
    std::vector<std::jthread> callers;
    for (std::size_t caller = 0; caller < threads; ++caller) {
        callers.emplace_back([&, caller] {
            for (int call = 0; call < each; ++call) {
                rig.loop.call_soon_threadsafe([&, caller, call] {
                    EXPECT_TRUE(rig.loop.on_loop_thread());
                    seen[caller].push_back(call);
                });
            }
        });
    }
    const auto all = [&](const std::vector<int>& calls) { return calls.size() == each; };
    rig.run_until([&] { return std::ranges::all_of(seen, all); });
    for (const auto& calls : seen) EXPECT_TRUE(std::ranges::is_sorted(calls));
    callers.clear();
    EXPECT_TRUE(rig.idle());
}

TEST(Loop, WakesForACallFromAnotherThreadAndReturnsWhenItIsStopped) {
    Rig rig;
    std::jthread caller([&] { rig.loop.call_soon_threadsafe([&] { rig.loop.stop(); }); });
    rig.loop.run();
    caller.join();
    EXPECT_TRUE(rig.idle());
}

TEST(Loop, ACallThatIsNeverMadeGoesWithTheLoop) {
    const auto held = std::make_shared<int>();
    {
        Loop loop;
        loop.call_soon_threadsafe([held] { FAIL(); });
        EXPECT_EQ(held.use_count(), 2);
    }
    EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace protohost::net::testing

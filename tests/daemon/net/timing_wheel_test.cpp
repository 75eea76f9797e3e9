// SPDX-License-Identifier: MIT
#include "daemon/net/timing_wheel.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tests/daemon/net/rig.hpp"

namespace protohost::net::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

class Call final : public TimingWheel::Entry {
public:
    Call(TimingWheel& wheel, std::function<void()> call) : wheel_(wheel), call_(std::move(call)) {}
    ~Call() override { wheel_.cancel(*this); }
    void due() override { call_(); }

private:
    TimingWheel& wheel_;
    std::function<void()> call_;
};

TEST(TimingWheel, IsNeverEarlyAndCallsOnce) {
    Rig rig;
    TimingWheel wheel(rig.loop, milliseconds(2));
    int calls = 0;
    const auto earliest = steady_clock::now() + milliseconds(10);
    Call call(wheel, [&] {
        EXPECT_GE(steady_clock::now(), earliest);
        ++calls;
    });
    wheel.schedule(call, wheel.now() + wheel.ticks(milliseconds(10)));
    rig.run_until([&] { return calls == 1; });
    EXPECT_EQ(wheel.now(), 5u);
    EXPECT_TRUE(rig.idle()) << "without entries no tick is waited for";
    EXPECT_EQ(calls, 1);
}

TEST(TimingWheel, CountsWholeTicksRoundedUp) {
    Rig rig;
    const TimingWheel wheel(rig.loop, milliseconds(4));
    EXPECT_EQ(wheel.ticks(milliseconds(4)), 1u);
    EXPECT_EQ(wheel.ticks(std::chrono::nanoseconds(4'000'001)), 2u);
    EXPECT_EQ(wheel.ticks(std::chrono::hours(24 * 365)), 7'884'000'000u);
}

TEST(TimingWheel, LeavesALaterRoundItsTurn) {
    Rig rig;
    TimingWheel wheel(rig.loop, milliseconds(1));
    std::string order;
    // All three are in the slot of tick 3.
    Call third(wheel, [&] { order += "third " + std::to_string(wheel.now()); });
    Call second(wheel, [&] { order += "second " + std::to_string(wheel.now()) + ", "; });
    Call first(wheel, [&] { order += "first " + std::to_string(wheel.now()) + ", "; });
    wheel.schedule(third, 3 + 512);
    wheel.schedule(second, 3 + 256);
    wheel.schedule(first, 3);
    rig.run_until([&] { return wheel.now() == 3 + 512; });
    EXPECT_EQ(order, "first 3, second 259, third 515");
}

TEST(TimingWheel, AnEntryMovesToAnEarlierTickAndToNoLaterOne) {
    Rig rig;
    TimingWheel wheel(rig.loop, milliseconds(1));
    TimingWheel::Tick called = 0;
    Call call(wheel, [&] { called = wheel.now(); });
    wheel.schedule(call, 20);
    wheel.schedule(call, 5);
    wheel.schedule(call, 30);
    rig.run_until([&] { return called != 0; });
    EXPECT_EQ(called, 5u);
    EXPECT_TRUE(rig.idle());
}

TEST(TimingWheel, WhatIsDueMayScheduleItselfAndDestroyOthersOfItsTick) {
    Rig rig;
    TimingWheel wheel(rig.loop, milliseconds(1));
    int calls = 0;
    int others = 0;
    auto other = std::make_unique<Call>(wheel, [&] { ++others; });
    Call* self = nullptr;
    Call call(wheel, [&] {
        other.reset();
        if (++calls < 3) wheel.schedule(*self, wheel.now() + 1);
    });
    self = &call;
    wheel.schedule(call, 2);
    wheel.schedule(*other, 2);
    rig.run_until([&] { return calls == 3; });
    EXPECT_EQ(wheel.now(), 4u);
    EXPECT_EQ(others, 0);
    EXPECT_TRUE(rig.idle());
}

TEST(TimingWheel, CancellingTheLastEntryLetsTheLoopSleep) {
    Rig rig;
    TimingWheel wheel(rig.loop, milliseconds(1));
    Call call(wheel, [] { ADD_FAILURE() << "it was cancelled"; });
    wheel.schedule(call, 1);
    wheel.cancel(call);
    wheel.cancel(call);
    EXPECT_TRUE(rig.idle());
    EXPECT_EQ(wheel.now(), 0u);
}

TEST(TimingWheels, TheLengthOfATickFollowsTheTimeout) {
    Rig rig;
    TimingWheels& wheels = rig.loop.wheels();
    const auto tick_is = [&](std::chrono::nanoseconds timeout, std::chrono::nanoseconds tick) {
        const TimingWheel& wheel = wheels.of(timeout);
        return wheel.ticks(tick) == 1 && wheel.ticks(tick + std::chrono::nanoseconds(1)) == 2;
    };
    EXPECT_TRUE(tick_is(std::chrono::nanoseconds(1), milliseconds(1)));
    EXPECT_TRUE(tick_is(milliseconds(100), milliseconds(8)));
    EXPECT_TRUE(tick_is(std::chrono::seconds(1), milliseconds(64)));
    EXPECT_TRUE(tick_is(std::chrono::minutes(5), milliseconds(1024)));
    EXPECT_TRUE(tick_is(std::chrono::hours(24 * 365), milliseconds(1024)));
    EXPECT_EQ(&wheels.of(milliseconds(100)), &wheels.of(milliseconds(120))) << "they share one";
}

}  // namespace
}  // namespace protohost::net::testing

// SPDX-License-Identifier: MIT
#include "daemon/unit/scheduled_calls.hpp"

#include <chrono>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

namespace protohost::unit {
namespace {

/// Counts how often it was called and how often dropped.
struct Probe {
    int called = 0;
    int dropped = 0;
    ScheduledCalls::Callback callback() {
        return {[](void* self) { ++static_cast<Probe*>(self)->called; },
                [](void* self) { ++static_cast<Probe*>(self)->dropped; },
                this};
    }
};

class ScheduledCallsTest : public ::testing::Test {
protected:
    void run_until_called(const Probe& probe) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (probe.called == 0) {
            loop_.run_once(deadline);
            ASSERT_LT(std::chrono::steady_clock::now(), deadline);
        }
    }
    static std::uint64_t in(std::chrono::nanoseconds delay) {
        const auto when = std::chrono::steady_clock::now() + delay;
        return static_cast<std::uint64_t>(
            std::chrono::nanoseconds(when.time_since_epoch()).count());
    }

    net::Loop loop_;
    ScheduledCalls calls_{loop_, UnitLog("")};
};

TEST_F(ScheduledCallsTest, CallsSoonAndLaterAndOnce) {
    Probe soon;
    Probe later;
    calls_.call_soon(soon.callback());
    calls_.call_at(in(std::chrono::milliseconds(2)), later.callback());
    EXPECT_EQ(soon.called, 0);
    run_until_called(later);
    EXPECT_EQ(soon.called, 1);
    EXPECT_EQ(later.called, 1);
    EXPECT_EQ(soon.dropped + later.dropped, 0);
    EXPECT_EQ(calls_.size(), 0u);
}

TEST_F(ScheduledCallsTest, CancelDropsOnceAndIsRefusedWhenTooLate) {
    Probe cancelled;
    const ph_op op = calls_.call_at(in(std::chrono::seconds(100)), cancelled.callback());
    EXPECT_EQ(calls_.cancel(op), PH_OK);
    EXPECT_EQ(calls_.cancel(op), PH_E_INVAL);
    EXPECT_EQ(calls_.cancel(0), PH_E_INVAL);
    EXPECT_EQ(cancelled.dropped, 1);

    Probe ran;
    const ph_op done = calls_.call_soon(ran.callback());
    run_until_called(ran);
    EXPECT_EQ(calls_.cancel(done), PH_E_INVAL);
    EXPECT_EQ(ran.dropped, 0);
}

TEST_F(ScheduledCallsTest, AnotherThreadMayPost) {
    Probe probe;
    std::jthread poster([&] { EXPECT_EQ(calls_.post(probe.callback()), PH_OK); });
    run_until_called(probe);
    poster.join();
    EXPECT_EQ(probe.called, 1);
}

TEST_F(ScheduledCallsTest, WhatStillWaitsIsDroppedWithTheInstance) {
    Probe soon;
    Probe later;
    Probe posted;
    Probe refused;
    calls_.call_soon(soon.callback());
    calls_.call_at(in(std::chrono::seconds(100)), later.callback());
    calls_.post(posted.callback());
    calls_.drop_all();
    EXPECT_EQ(calls_.post(refused.callback()), PH_E_CANCELLED);
    loop_.run_ready();
    for (const Probe* probe : {&soon, &later, &posted}) {
        EXPECT_EQ(probe->called, 0);
        EXPECT_EQ(probe->dropped, 1);
    }
    EXPECT_EQ(refused.called + refused.dropped, 0);
}

TEST_F(ScheduledCallsTest, WhatACallbackThrowsEndsNothing) {
    Probe probe;
    calls_.call_soon({[](void*) { throw std::runtime_error("boom"); }, nullptr, nullptr});
    calls_.call_soon(probe.callback());
    run_until_called(probe);
}

}  // namespace
}  // namespace protohost::unit

// SPDX-License-Identifier: MIT
#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/contract/service_world.hpp"

#include <protohost/services.hpp>

namespace protohost::contract {

using namespace std::chrono_literals;

TEST_P(LoopContract, CallSoonIsFirstInFirstOutAndNeverFromInside) {
    loop.call_soon([&] { order.emplace_back("one"); });
    loop.call_soon([&] { order.emplace_back("two"); });
    EXPECT_EQ(order, Order{});
    loop.call_soon([&] { order.emplace_back("three"); });
    run_until([&] { return order.size() == 3; });
    EXPECT_EQ(order, (Order{"one", "two", "three"}));
}

TEST_P(LoopContract, WhatIsScheduledMeanwhileComesAfterWhatWasScheduledBefore) {
    loop.call_soon([&] {
        order.emplace_back("first");
        loop.call_soon([&] { order.emplace_back("meanwhile"); });
    });
    loop.call_soon([&] { order.emplace_back("before"); });
    run_until([&] { return order.size() == 3; });
    EXPECT_EQ(order, (Order{"first", "before", "meanwhile"}));
}

TEST_P(LoopContract, WhatIsCancelledIsDestroyedAndNotCalled) {
    int called = 0;
    const auto token = std::make_shared<int>();
    const auto call = [token, &called] { ++called; };
    Handle soon = loop.call_soon(call);
    Handle later = loop.call_later(1ms, call);
    Handle at = loop.call_at(loop.time() + 1ms, call);
    EXPECT_EQ(token.use_count(), 5);
    for (Handle* handle : {&soon, &later, &at}) {
        handle->cancel();
        handle->cancel();
    }
    EXPECT_EQ(token.use_count(), 2) << "at once";
    bool after = false;
    loop.call_later(3ms, [&] { after = true; });
    run_until([&] { return after; });
    EXPECT_EQ(called, 0);
}

TEST_P(LoopContract, CancellingWhatWasCalledIsNothing) {
    int called = 0;
    Handle handle = loop.call_soon([&] { ++called; });
    Handle other = loop.call_soon([&] { handle.cancel(); });
    run_until([&] { return called == 1; });
    world->settle();
    handle.cancel();
    other.cancel();
    EXPECT_EQ(called, 1);
}

TEST_P(LoopContract, OneCallbackMayCancelTheNext) {
    Handle second;
    loop.call_soon([&] { second.cancel(); });
    second = loop.call_soon([&] { order.emplace_back("cancelled"); });
    loop.call_soon([&] { order.emplace_back("last"); });
    run_until([&] { return !order.empty(); });
    EXPECT_EQ(order, Order{"last"});
}

TEST_P(LoopContract, TimersAreNeverEarlyAndInTheOrderOfTheirTime) {
    const TimePoint begin = loop.time();
    const auto at = [&](std::chrono::milliseconds delay, const std::string& name) {
        loop.call_later(delay, [this, name, begin, delay] {
            EXPECT_GE(loop.time(), begin + delay);
            order.push_back(name);
        });
    };
    at(6ms, "third");
    at(2ms, "first");
    at(4ms, "second");
    run_until([&] { return order.size() == 3; });
    EXPECT_EQ(order, (Order{"first", "second", "third"}));
}

TEST_P(LoopContract, TimersOfOneMomentKeepTheirOrder) {
    const TimePoint when = loop.time() + 2ms;
    for (const char* name : {"one", "two", "three"}) {
        loop.call_at(when, [this, name] { order.emplace_back(name); });
    }
    run_until([&] { return order.size() == 3; });
    EXPECT_EQ(order, (Order{"one", "two", "three"}));
}

TEST_P(LoopContract, ATimeThatHasPassedIsSoonAndNeverFromInside) {
    int called = 0;
    loop.call_at(loop.time() - 1h, [&] { ++called; });
    loop.call_later(-1s, [&] { ++called; });
    EXPECT_EQ(called, 0);
    run_until([&] { return called == 2; });
}

TEST_P(LoopContract, AVeryLongDelayIsNeverAndNotAtOnce) {
    bool called = false;
    loop.call_later(std::chrono::hours::max(), [&] { called = true; });
    bool after = false;
    loop.call_later(3ms, [&] { after = true; });
    run_until([&] { return after; });
    EXPECT_FALSE(called);
}

TEST_P(LoopContract, WhatACallbackThrowsEndsNothing) {
    loop.call_soon([] { throw std::runtime_error("a callback that fails"); });
    loop.call_soon([] { throw 42; });
    loop.call_soon([&] { order.emplace_back("next"); });
    run_until([&] { return !order.empty(); });
    bool later = false;
    loop.call_soon([&] { later = true; });
    run_until([&] { return later; });
}

TEST_P(LoopContract, WhatAThreadSchedulesRunsOnTheLoopInOrder) {
    const auto mine = std::this_thread::get_id();
    std::thread thread([&] {
        for (const char* name : {"one", "two"}) {
            EXPECT_TRUE(loop.call_soon_threadsafe([&, name] {
                EXPECT_EQ(std::this_thread::get_id(), mine);
                EXPECT_TRUE(loop.on_loop());
                order.emplace_back(name);
            }));
        }
    });
    thread.join();
    EXPECT_EQ(order, Order{});
    run_until([&] { return order.size() == 2; });
    EXPECT_EQ(order, (Order{"one", "two"}));
}

TEST_P(LoopContract, WorkIsDoneOffTheLoopAndItsResultIsToldOnIt) {
    int told = 0;
    std::string result;
    loop.run_in_executor(
        [this] {
            EXPECT_FALSE(loop.on_loop());
            return std::string("worked");
        },
        [&](std::future<std::string> future) {
            EXPECT_TRUE(loop.on_loop());
            result = future.get();
            ++told;
        });
    EXPECT_EQ(told, 0) << "never from inside";
    run_until([&] { return told == 1; });
    world->settle();
    EXPECT_EQ(result, "worked");
    EXPECT_EQ(told, 1);
}

TEST_P(LoopContract, WhatWorkThrowsIsThrownToWhoeverAskedForIt) {
    std::string what;
    loop.run_in_executor([]() -> int { throw std::runtime_error("does not work"); },
                         [&](std::future<int> future) {
                             try {
                                 future.get();
                             } catch (const std::runtime_error& error) {
                                 what = error.what();
                             }
                         });
    run_until([&] { return !what.empty(); });
    EXPECT_EQ(what, "does not work");
}

TEST_P(LoopContract, CancelledWorkIsToldOnceWhetherItHadBegunOrNot) {
    int told = 0;
    bool broken = false;
    Handle handle = loop.run_in_executor([] { return 1; },
                                         [&](std::future<int> future) {
                                             ++told;
                                             try {
                                                 EXPECT_EQ(future.get(), 1);
                                             } catch (const std::future_error&) {
                                                 broken = true;
                                             }
                                         });
    handle.cancel();
    EXPECT_EQ(told, 0) << "never from inside";
    run_until([&] { return told == 1; });
    world->settle();
    EXPECT_EQ(told, 1) << (broken ? "it had not begun" : "it had begun");
}

TEST_P(LoopContract, WhatStillWaitsWhenTheUnitGoesIsDestroyedAndNotCalled) {
    int called = 0;
    const auto token = std::make_shared<int>();
    loop.call_later(1h, [token, &called] { ++called; });
    loop.call_at(TimePoint::max(), [token, &called] { ++called; });
    std::thread([&, this] {
        loop.call_soon_threadsafe([token] { static_cast<void>(token); });
    }).join();
    world->go();
    EXPECT_EQ(called, 0);
    EXPECT_EQ(token.use_count(), 1);
}

}  // namespace protohost::contract

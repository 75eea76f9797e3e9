// SPDX-License-Identifier: MIT
#include "daemon/net/executor.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <future>
#include <iterator>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/net/rig.hpp"

namespace protohost::net::testing {
namespace {

using Outcome = Executor::Outcome;

/// Work waits for it, as it would for a disk.
class Gate {
public:
    void open() { promise_.set_value(); }
    void wait() const { future_.wait(); }

private:
    std::promise<void> promise_;
    std::shared_future<void> future_ = promise_.get_future().share();
};

constexpr char one = 0;
constexpr char other = 0;
const Executor::Owner owner = &one;

void nothing(const Outcome&) {}

TEST(Executor, WorksElsewhereAndTellsTheLoopLater) {
    Rig rig;
    Executor executor(rig.loop);
    std::thread::id worked;
    std::vector<std::thread::id> told;
    EXPECT_NE(executor.submit(
                  owner,
                  [&] { worked = std::this_thread::get_id(); },
                  [&](const Outcome& outcome) {
                      EXPECT_EQ(outcome.status, PH_OK);
                      EXPECT_EQ(executor.pending(owner), 1u) << "still inside its done";
                      told.push_back(std::this_thread::get_id());
                  }),
              0u);
    EXPECT_TRUE(told.empty());
    EXPECT_EQ(executor.pending(owner), 1u);
    EXPECT_EQ(executor.pending(&other), 0u);
    rig.run_until([&] { return executor.pending(owner) == 0; });
    EXPECT_EQ(told, std::vector{std::this_thread::get_id()});
    EXPECT_NE(worked, std::this_thread::get_id());
}

TEST(Executor, BeginsInTheOrderOfSubmission) {
    Rig rig;
    Executor executor(rig.loop, 1);
    std::vector<int> begun;
    for (int i = 0; i < 100; ++i) {
        executor.submit(
            owner, [&begun, i] { begun.push_back(i); }, nothing);
    }
    rig.run_until([&] { return executor.pending(owner) == 0; });
    ASSERT_EQ(begun.size(), 100u);
    EXPECT_TRUE(std::is_sorted(begun.begin(), begun.end()));
}

TEST(Executor, StartsAsManyThreadsAsItMayAndNoMore) {
    Rig rig;
    Executor executor(rig.loop, 3);
    Gate gate;
    std::atomic<int> running = 0;
    std::atomic<int> most = 0;
    std::latch three(3);
    for (int i = 0; i < 40; ++i) {
        executor.submit(
            owner,
            [&, i] {
                const int now = ++running;
                int before = most.load();
                while (before < now && !most.compare_exchange_weak(before, now)) {
                }
                if (i < 3) three.count_down();
                gate.wait();
                --running;
            },
            nothing);
    }
    three.wait();
    EXPECT_TRUE(rig.idle());
    gate.open();
    rig.run_until([&] { return executor.pending(owner) == 0; });
    EXPECT_EQ(most, 3);
}

std::ptrdiff_t threads_of_this_process() {
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    return std::distance(begin(tasks), end(tasks));
}

TEST(Executor, ThreadsThatHaveHadNoWorkForLongEndAndOthersTakeTheirPlace) {
    Rig rig;
    const std::ptrdiff_t before = threads_of_this_process();
    Executor executor(rig.loop, 2);
    for (const char* round : {"first", "second"}) {
        SCOPED_TRACE(round);
        std::latch both(2);
        for (int i = 0; i < 2; ++i) {
            ASSERT_NE(executor.submit(
                          owner, [&] { both.arrive_and_wait(); }, nothing),
                      0u);
        }
        rig.run_until([&] { return executor.pending(owner) == 0; });
        EXPECT_EQ(threads_of_this_process(), before + 2);
        // It is no event when the kernel has taken a thread off its list.
        rig.run_until([&] {
            rig.loop.run_once(std::chrono::milliseconds(10));
            return threads_of_this_process() == before;
        });
    }
}

TEST(Executor, WhatWorkThrowsIsTold) {
    Rig rig;
    Executor executor(rig.loop, 1);
    std::vector<std::string> told;
    const auto done = [&](const Outcome& outcome) {
        EXPECT_EQ(outcome.status, PH_E_EXCEPTION);
        told.push_back(outcome.text);
    };
    executor.submit(
        owner, [] { throw std::runtime_error("the disk is full"); }, done);
    executor.submit(
        owner, [] { throw 7; }, done);
    rig.run_until([&] { return executor.pending(owner) == 0; });
    EXPECT_EQ(told,
              (std::vector<std::string>{"the disk is full",
                                        "an exception that is no "
                                        "std::exception"}));
}

TEST(Executor, CancelsWhatHasNotBegunAndNothingElse) {
    Rig rig;
    Executor executor(rig.loop, 1);
    Gate gate;
    std::promise<void> begun;
    std::vector<std::string> told;
    const auto say = [&told](std::string text) {
        return [&told, text = std::move(text)](const Outcome& outcome) {
            told.push_back(text + (outcome.status == PH_E_CANCELLED ? " cancelled" : " done"));
        };
    };
    const auto running = executor.submit(
        owner,
        [&] {
            begun.set_value();
            gate.wait();
        },
        say("running"));
    begun.get_future().wait();
    const auto second = executor.submit(
        owner, [] { FAIL(); }, say("second"));
    executor.submit(
        &other, [] {}, say("other"));
    executor.submit(
        owner, [] { FAIL(); }, say("third"));

    EXPECT_FALSE(executor.cancel(running)) << "it has begun";
    EXPECT_TRUE(executor.cancel(second));
    EXPECT_FALSE(executor.cancel(second));
    EXPECT_TRUE(told.empty()) << "never from inside cancel()";
    rig.run_until([&] { return told.size() == 1; });
    executor.cancel_all(owner);
    rig.run_until([&] { return told.size() == 2; });
    EXPECT_EQ(executor.pending(owner), 1u);
    gate.open();
    rig.run_until([&] { return executor.pending(owner) + executor.pending(&other) == 0; });
    EXPECT_EQ(told,
              (std::vector<std::string>{
                  "second cancelled", "third cancelled", "running done", "other done"}));
}

TEST(Executor, ItsEndWaitsForWhatRunsAndCancelsTheRest) {
    Rig rig;
    auto executor = std::make_unique<Executor>(rig.loop, 1);
    std::promise<void> begun;
    unsigned accepted = 0;
    unsigned cancelled = 0;
    std::vector<ph_status> first;
    executor->submit(
        owner,
        [&, all = executor.get()] {
            begun.set_value();
            // Refused is what says that the end has begun.
            while (all->submit(
                       &other,
                       [] { FAIL(); },
                       [&](const Outcome& outcome) {
                           ASSERT_EQ(outcome.status, PH_E_CANCELLED);
                           ++cancelled;
                       }) != 0) {
                ++accepted;
                std::this_thread::yield();
            }
        },
        [&](const Outcome& outcome) { first.push_back(outcome.status); });
    begun.get_future().wait();
    executor.reset();
    EXPECT_EQ(first, std::vector{ph_status{PH_OK}});
    EXPECT_EQ(cancelled, accepted);
    rig.run_ready();
    EXPECT_EQ(first.size(), 1u) << "once";
    EXPECT_EQ(cancelled, accepted) << "once";
}

TEST(Executor, FinishesForOneOwnerWhatRuns) {
    Rig rig;
    Executor executor(rig.loop, 2);
    Gate begun;
    Gate gate;
    std::atomic<bool> worked = false;
    int told = 0;
    executor.submit(
        owner,
        [&] {
            begun.open();
            gate.wait();
            worked = true;
        },
        [&](const Outcome& outcome) {
            EXPECT_EQ(outcome.status, PH_OK);
            ++told;
        });
    begun.wait();
    std::jthread opener([&] { gate.open(); });
    executor.finish(owner);
    EXPECT_TRUE(worked);
    EXPECT_EQ(told, 1);
    EXPECT_EQ(executor.pending(owner), 0u);
    executor.finish(owner);
    EXPECT_EQ(told, 1) << "and not twice";
}

TEST(Executor, FinishesForOneOwnerWithoutAnothersAndCancelsWhatHasNotBegun) {
    Rig rig;
    Executor executor(rig.loop, 1);
    Gate begun;
    Gate gate;
    std::vector<std::string> told;
    const auto tell = [&](const char* what) {
        return [&told, what](const Outcome& outcome) {
            told.push_back(std::string(what) + " " + std::to_string(outcome.status));
        };
    };
    executor.submit(
        &other,
        [&] {
            begun.open();
            gate.wait();
        },
        tell("another's"));
    begun.wait();
    executor.submit(
        owner, [] { ADD_FAILURE() << "it was cancelled"; }, tell("queued"));
    executor.finish(owner);
    EXPECT_EQ(told, (std::vector<std::string>{"queued -5"}));
    EXPECT_EQ(executor.pending(owner), 0u);
    EXPECT_EQ(executor.pending(&other), 1u);

    gate.open();
    rig.run_until([&] { return executor.pending(&other) == 0; });
    EXPECT_EQ(told, (std::vector<std::string>{"queued -5", "another's 0"}));
    executor.finish(owner);
    executor.finish(&other);
    EXPECT_EQ(told.size(), 2u) << "and nothing twice";
}

TEST(Executor, FunctionsDieOnTheLoopAfterDoneAndBeforeTheyNoLongerCount) {
    Rig rig;
    Executor executor(rig.loop, 1);
    std::vector<std::string> events;
    const auto loop = std::this_thread::get_id();
    std::shared_ptr<void> witness(nullptr, [&](void*) {
        events.emplace_back(std::this_thread::get_id() == loop ? "destroyed" : "elsewhere");
        EXPECT_EQ(executor.pending(owner), 1u);
    });
    executor.submit(
        owner,
        [witness = std::move(witness)] { EXPECT_EQ(witness.use_count(), 1); },
        [&](const Outcome&) { events.emplace_back("done"); });
    rig.run_until([&] { return executor.pending(owner) == 0; });
    EXPECT_EQ(events, (std::vector<std::string>{"done", "destroyed"}));
}

TEST(Executor, EveryDoneIsCalledOnceWhoeverSubmitsAndCancels) {
    constexpr int threads = 4;
    constexpr int each = 1000;
    Rig rig;
    auto executor = std::make_unique<Executor>(rig.loop, 3);
    std::vector<std::atomic<int>> worked(threads * each);
    std::vector<int> told(threads * each);
    std::vector<int> cancelled(threads * each);
    std::vector<std::thread> submitters;
    for (int thread = 0; thread < threads; ++thread) {
        submitters.emplace_back([&, thread] {
            for (int i = 0; i < each; ++i) {
                const auto index = static_cast<std::size_t>(thread * each + i);
                executor->submit(
                    owner,
                    [&worked, index] { ++worked[index]; },
                    [&, index](const Outcome& outcome) {
                        ++told[index];
                        cancelled[index] += outcome.status == PH_E_CANCELLED ? 1 : 0;
                    });
            }
        });
    }
    for (Executor::Id id = 1; id < threads * each; id += 3) {
        executor->cancel(id);
        if (id % 16 == 0) rig.run_ready();
    }
    for (auto& submitter : submitters) submitter.join();
    executor.reset();
    for (std::size_t i = 0; i < told.size(); ++i) {
        ASSERT_EQ(told[i], 1) << i;
        ASSERT_EQ(worked[i] + cancelled[i], 1) << i;
    }
}

}  // namespace
}  // namespace protohost::net::testing

// SPDX-License-Identifier: MIT
#include "daemon/unit/backoff.hpp"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

namespace protohost::unit::testing {
namespace {

using namespace std::chrono_literals;
using Pause = std::chrono::nanoseconds;

std::vector<Pause> pauses(Backoff& backoff, std::size_t count) {
    std::vector<Pause> all;
    while (all.size() < count) all.push_back(backoff.next());
    return all;
}

TEST(Backoff, DoublesFromInitialToMaxAndStaysThere) {
    Backoff backoff({100ms, 1s, 0.0});
    EXPECT_EQ(pauses(backoff, 7), (std::vector<Pause>{100ms, 200ms, 400ms, 800ms, 1s, 1s, 1s}));
}

TEST(Backoff, BeginsAnewAtInitial) {
    Backoff backoff({100ms, 1s, 0.0});
    pauses(backoff, 5);
    backoff.reset();
    EXPECT_EQ(pauses(backoff, 2), (std::vector<Pause>{100ms, 200ms}));
}

TEST(Backoff, WithInitialAndMaxEqualIsSteady) {
    Backoff backoff({3s, 3s, 0.0});
    EXPECT_EQ(pauses(backoff, 3), (std::vector<Pause>{3s, 3s, 3s}));
}

TEST(Backoff, ReachesAMaxThatIsNoPowerOfTwoTimesInitial) {
    Backoff backoff({100ms, 250ms, 0.0});
    EXPECT_EQ(pauses(backoff, 4), (std::vector<Pause>{100ms, 200ms, 250ms, 250ms}));
}

TEST(Backoff, ShortensByUpToJitterAndNeverLengthens) {
    for (const double jitter : {0.0, 0.2, 0.5, 1.0}) {
        for (std::uint32_t seed = 1; seed <= 50; ++seed) {
            Backoff whole({100ms, 2s, 0.0});
            Backoff shortened({100ms, 2s, jitter}, seed);
            for (int attempt = 0; attempt < 20; ++attempt) {
                const Pause longest = whole.next();
                const Pause pause = shortened.next();
                EXPECT_LE(pause, longest);
                EXPECT_GE(pause.count() + 1, static_cast<double>(longest.count()) * (1 - jitter));
                EXPECT_GE(pause, 0ns);
            }
        }
    }
}

TEST(Backoff, SpreadsClientsOverTheWholeOfTheJitter) {
    Pause shortest = 1s;
    Pause longest = 0s;
    std::vector<Pause> seen;
    for (std::uint32_t seed = 1; seed <= 200; ++seed) {
        const Pause pause = Backoff({100ms, 1s, 0.5}, seed).next();
        shortest = std::min(shortest, pause);
        longest = std::max(longest, pause);
        seen.push_back(pause);
    }
    EXPECT_LT(shortest, 60ms);
    EXPECT_GT(longest, 90ms);
    std::sort(seen.begin(), seen.end());
    EXPECT_EQ(std::unique(seen.begin(), seen.end()), seen.end());
}

TEST(Backoff, DiffersBetweenProcessesThatStartTogether) {
    EXPECT_NE(Backoff({1s, 1s, 1.0}).next(), Backoff({1s, 1s, 1.0}).next());
}

TEST(Backoff, CountsAsFarAsAConfigurationMay) {
    constexpr Pause year = 24h * 365;
    Backoff backoff({year - 1h, year, 0.0});
    EXPECT_EQ(pauses(backoff, 3), (std::vector<Pause>{year - 1h, year, year}));
}

}  // namespace
}  // namespace protohost::unit::testing

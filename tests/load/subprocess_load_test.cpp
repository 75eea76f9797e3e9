// SPDX-License-Identifier: MIT
// A program that writes as fast as it can, whoever reads it.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <string>

#include <gtest/gtest.h>

#include "tests/system/harness/client.hpp"
#include "tests/system/harness/control.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/figures.hpp"
#include "tests/system/harness/high_water.hpp"
#include "tests/system/harness/round_trips.hpp"
#include "tests/system/harness/scale.hpp"

namespace protohost::harness {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::size_t mebibyte = 1024 * 1024;

/// Compares, by turns, a daemon that has nothing else to do with one that reads the flood, until so
/// much of it has come.
void expect_bounded(const std::string& reader, std::size_t bytes) {
    Daemon quiet({.listeners = listener("echo", "echo")});
    Daemon flooded({.listeners = listener("echo", "echo"),
                    .sections = "subprocesses:\n  flood: {" + reader + "}\n"});
    const Control control(flooded);
    const auto received = [&]() -> std::size_t {
        return control.show("flood")["bytes"]["received"];
    };
    RoundTrips before(Client(quiet.port("echo")));
    RoundTrips during(Client(flooded.port("echo")));
    ASSERT_TRUE(before.play(20) && during.play(20));
    const std::size_t memory = resident_memory(flooded.pid());
    const std::size_t first = received();
    const auto begin = std::chrono::steady_clock::now();
    HighWater water(flooded.pid());
    while (received() - first < bytes) {
        ASSERT_LT(std::chrono::steady_clock::now(), begin + 2 * patience) << "it does not flow";
        ASSERT_TRUE(before.play(20));
        ASSERT_TRUE(during.play(20));
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    const std::size_t most = water.finish();
    const microseconds usual = before.percentile(0.99);
    const microseconds now = during.percentile(0.99);
    std::cout << static_cast<double>(received() - first) / took.count() / 1e6 << " MB a second; "
              << memory / 1024 << " KiB, at most " << most / 1024 << " KiB; 99 % of "
              << during.count() << " round trips: " << usual.count() << " us, and " << now.count()
              << " us beside the flood, the slowest " << before.percentile(1).count() << " us and "
              << during.percentile(1).count() << " us\n";
    const microseconds bound = 10 * usual + milliseconds(5);
    EXPECT_LE(now, bound);
    if (!sanitized) {
        EXPECT_LE(most, memory + mebibyte / 2);
    }
    EXPECT_EQ(flooded.stop(), 0);
    EXPECT_EQ(flooded.log().count("during a pause"), 0U);
}

TEST(SubprocessLoad, AFloodOfLinesFillsNothingAndHoldsNobodyUp) {
    expect_bounded("command: ['yes', a line as long as many that programs write to their log]",
                   scaled("bytes of lines", 4'000'000'000, 50'000'000));
}

TEST(SubprocessLoad, AFloodOfEmptyLinesIsNoWorse) {
    expect_bounded("command: ['yes', '']", scaled("bytes of empty lines", 500'000'000, 10'000'000));
}

TEST(SubprocessLoad, AFloodForAProtocolThatPausesWaitsInItsPipe) {
    expect_bounded("command: [cat, /dev/zero], protocol: gulps",
                   scaled("bytes for a protocol that pauses", 4'000'000'000, 200'000'000));
}

}  // namespace
}  // namespace protohost::harness

// SPDX-License-Identifier: MIT
#include <string>

#include "tests/contract/datagram_test.hpp"

namespace protohost::contract {

/// What a datagram counts beside its bytes while it waits.
constexpr std::size_t overhead = 64;

TEST_P(DatagramFlowContract, WhatWaitsIsCountedAndKeepsItsOrder) {
    DatagramLink& link = connect();
    link.fill(transport());
    const std::size_t before = transport().get_write_buffer_size();
    EXPECT_GT(before, 0u);
    transport().sendto("one");
    transport().sendto("");
    transport().sendto("three");
    EXPECT_EQ(transport().get_write_buffer_size(), before + 8 + 3 * overhead);
    Strings arrived;
    run_until([&] {
        for (const std::string& data : link.receive()) arrived.push_back(data);
        return transport().get_write_buffer_size() == 0;
    });
    for (const std::string& data : link.receive()) arrived.push_back(data);
    ASSERT_GE(arrived.size(), 3u);
    EXPECT_EQ(Strings(arrived.end() - 3, arrived.end()), (Strings{"one", "", "three"}));
}

TEST_P(DatagramFlowContract, PausesStrictlyOverHighAndResumesAtLowEachOnce) {
    DatagramLink& link = connect({.high = 1 << 20, .low = 0});
    link.fill(transport());
    const std::size_t high = transport().get_write_buffer_size() + 100 + overhead;
    transport().set_write_buffer_limits(high, 0);
    transport().sendto(std::string(100, 'x'));
    EXPECT_EQ(transport().get_write_buffer_size(), high);
    EXPECT_EQ(story.count("pause"), 0u) << "at the mark is not over it";
    transport().sendto("");
    EXPECT_EQ(story.count("pause"), 1u) << "from inside sendto; an empty one counts too";
    transport().sendto("more");
    on("resume", [this] { EXPECT_EQ(transport().get_write_buffer_size(), 0u); });
    run_until([&] {
        link.receive();
        return story.count("resume") == 1;
    });
    EXPECT_EQ(story.events, (Strings{"made", "pause", "resume"}));
}

TEST_P(DatagramFlowContract, CloseSendsWhatWaitsAndThenEnds) {
    DatagramLink& link = connect();
    link.fill(transport());
    transport().sendto("tail");
    transport().close();
    world->settle();
    EXPECT_EQ(story.count("lost"), 0u) << "the peer has not read yet";
    EXPECT_EQ(transport().sendto("after close"), WriteStatus::accepted) << "while something waits";
    Strings arrived;
    run_until([&] {
        for (const std::string& data : link.receive()) arrived.push_back(data);
        return story.is_over();
    });
    for (const std::string& data : link.receive()) arrived.push_back(data);
    ASSERT_GE(arrived.size(), 2u);
    EXPECT_EQ(Strings(arrived.end() - 2, arrived.end()), (Strings{"tail", "after close"}));
    EXPECT_EQ(story.loss, Loss{});
}

TEST_P(DatagramFlowContract, AbortDropsWhatWaitsAndResumesNothing) {
    DatagramLink& link = connect({.high = 0, .low = 0});
    link.fill(transport());
    ASSERT_EQ(story.count("pause"), 1u);
    transport().sendto("never sent");
    transport().abort();
    EXPECT_EQ(transport().get_write_buffer_size(), 0u);
    EXPECT_EQ(transport().sendto("late"), WriteStatus::closed);
    run_to_the_end();
    EXPECT_EQ(story.events, (Strings{"made", "pause", "lost", "destroyed"}));
    for (const std::string& data : link.receive()) EXPECT_NE(data, "never sent");
}

TEST_P(DatagramFlowContract, SendingInPauseAndResumeKeepsTheOrder) {
    DatagramLink& link = connect({.high = 0, .low = 0});
    story.on = [this](std::string_view event) {
        if (event == "pause" && story.count("pause") == 1) transport().sendto("[paused]");
        if (event == "resume" && story.count("resume") == 1) transport().sendto("[resumed]");
    };
    link.fill(transport());
    ASSERT_EQ(story.count("pause"), 1u);
    transport().sendto("[sent]");
    Strings arrived;
    run_until([&] {
        for (const std::string& data : link.receive()) arrived.push_back(data);
        return !arrived.empty() && arrived.back() == "[resumed]";
    });
    ASSERT_GE(arrived.size(), 3u);
    EXPECT_EQ(Strings(arrived.end() - 3, arrived.end()),
              (Strings{"[paused]", "[sent]", "[resumed]"}));
}

}  // namespace protohost::contract

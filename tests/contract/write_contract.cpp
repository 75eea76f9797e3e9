// SPDX-License-Identifier: MIT
#include <array>
#include <stdexcept>
#include <string>

#include "tests/contract/contract_test.hpp"

namespace protohost::contract {

using protohost::testing::Loss;

TEST_P(WriteContract, WritesArriveWholeAndInOrder) {
    Link& link = connect();
    std::string written;
    for (int i = 0; i < 2000; ++i) {
        const std::string piece = std::to_string(i) + ';';
        written += piece;
        EXPECT_EQ(transport().write(piece), WriteStatus::accepted);
    }
    transport().close();
    EXPECT_EQ(read_to_the_end(link), written);
}

TEST_P(WriteContract, TheBytesMayBeReusedWhenWriteReturns) {
    Link& link = connect();
    link.fill(transport());
    const std::size_t before = transport().get_write_buffer_size();
    std::string bytes = "original";
    transport().write(bytes);
    EXPECT_EQ(transport().get_write_buffer_size(), before + bytes.size());
    bytes = "changed!";
    transport().close();
    EXPECT_TRUE(read_to_the_end(link).ends_with("original"));
}

TEST_P(WriteContract, WritingNothingIsNothing) {
    Link& link = connect();
    EXPECT_EQ(transport().write(""), WriteStatus::accepted);
    EXPECT_EQ(transport().writelines({}), WriteStatus::accepted);
    world->settle();
    EXPECT_EQ(link.receive(), "");
    EXPECT_EQ(story.events, Events{"made"});
}

TEST_P(WriteContract, WritelinesIsASequenceOfWrites) {
    Link& link = connect();
    EXPECT_EQ(transport().writelines({"one ", "", "two ", "three"}), WriteStatus::accepted);
    transport().close();
    EXPECT_EQ(read_to_the_end(link), "one two three");
}

TEST_P(WriteContract, WritelinesWhileBytesWaitComesBehindThem) {
    Link& link = connect();
    link.fill(transport());
    const std::size_t before = transport().get_write_buffer_size();
    transport().writelines({"one ", "two"});
    EXPECT_EQ(transport().get_write_buffer_size(), before + 7);
    transport().close();
    EXPECT_TRUE(read_to_the_end(link).ends_with("one two"));
}

TEST_P(WriteContract, OwnedBytesKeepTheirPlace) {
    Link& link = connect();
    transport().write("first ");
    transport().write_owned("owned ");
    transport().write("last");
    transport().close();
    EXPECT_EQ(read_to_the_end(link), "first owned last");
}

TEST_P(WriteContract, OwnedBytesThatWaitAreCountedAndSent) {
    Link& link = connect();
    link.fill(transport());
    const std::size_t before = transport().get_write_buffer_size();
    EXPECT_EQ(transport().write_owned("owned "), WriteStatus::accepted);
    transport().write("last");
    EXPECT_EQ(transport().get_write_buffer_size(), before + 10);
    transport().close();
    EXPECT_TRUE(read_to_the_end(link).ends_with("owned last"));
}

TEST_P(WriteContract, TheWriteBufferIsWhatTheKernelRefused) {
    Link& link = connect();
    transport().write("taken");
    EXPECT_EQ(transport().get_write_buffer_size(), 0u);
    link.fill(transport());
    EXPECT_GT(transport().get_write_buffer_size(), 0u);
    read_until(link, [this] { return transport().get_write_buffer_size() == 0; });
}

TEST_P(WriteContract, CloseSendsWhatWaitsAndThenEnds) {
    Link& link = connect();
    link.fill(transport());
    transport().write("tail");
    transport().close();
    world->settle();
    EXPECT_EQ(story.count("lost"), 0u) << "the peer has not read yet";
    EXPECT_TRUE(read_to_the_end(link).ends_with("tail"));
    EXPECT_EQ(story.loss, Loss{});
}

TEST_P(WriteContract, WhatIsWrittenWhileItClosesIsSentToo) {
    Link& link = connect();
    link.fill(transport());
    transport().close();
    EXPECT_EQ(transport().write("after close"), WriteStatus::accepted);
    EXPECT_TRUE(read_to_the_end(link).ends_with("after close"));
    EXPECT_EQ(story.count("lost"), 1u);
}

TEST_P(WriteContract, WhatIsWrittenAfterTheEndIsDropped) {
    connect();
    transport().close();
    EXPECT_EQ(transport().write("x"), WriteStatus::closed);
    EXPECT_EQ(transport().writelines({"x", "y"}), WriteStatus::closed);
    EXPECT_EQ(transport().write_owned("x"), WriteStatus::closed);
    on("lost", [this] { EXPECT_EQ(transport().write("x"), WriteStatus::closed); });
    run_to_the_end();
}

TEST_P(WriteContract, APeerThatNeverReadsHoldsAClosingTransportOpenUntilItIsAborted) {
    connect().fill(transport());
    transport().close();
    world->settle();
    EXPECT_EQ(story.count("lost"), 0u);
    transport().abort();
    run_to_the_end();
    EXPECT_EQ(story.loss, Loss{});
    EXPECT_EQ(story.count("lost"), 1u);
}

TEST_P(WriteContract, AbortDropsWhatWaitsAndNothingElse) {
    Link& link = connect();
    std::size_t written = 0;
    const std::string block(4096, 'x');
    link.fill(transport());
    written = transport().get_write_buffer_size();
    transport().write(block);
    EXPECT_EQ(transport().get_write_buffer_size(), written + block.size());
    transport().abort();
    EXPECT_EQ(transport().get_write_buffer_size(), 0u);
    EXPECT_EQ(transport().write("late"), WriteStatus::closed);
    EXPECT_EQ(read_to_the_end(link).find('x'), std::string::npos);
    EXPECT_EQ(story.count("resume"), 0u);
}

// ---- flow control -------------------------------------------------------------------------------

TEST_P(WriteContract, PausesStrictlyOverHighFromInsideWriteAndOnce) {
    connect({.high = 1 << 20, .low = 0}).fill(transport());
    const std::size_t high = transport().get_write_buffer_size() + 100;
    transport().set_write_buffer_limits(high, 50);
    transport().write(std::string(100, 'x'));
    EXPECT_EQ(transport().get_write_buffer_size(), high);
    EXPECT_EQ(story.count("pause"), 0u) << "at the mark is not over it";
    transport().write("!");
    EXPECT_EQ(story.count("pause"), 1u);
    transport().write("!");
    EXPECT_EQ(story.count("pause"), 1u);
}

TEST_P(WriteContract, ResumesAtOrUnderLowAndOnce) {
    Link& link = connect({.high = 0, .low = 0});
    link.fill(transport());
    ASSERT_EQ(story.count("pause"), 1u);
    const std::size_t low = transport().get_write_buffer_size() / 2;
    transport().set_write_buffer_limits(1 << 20, low);
    EXPECT_EQ(story.count("resume"), 0u);
    std::size_t at_resume = 1 << 20;
    on("resume", [&] { at_resume = transport().get_write_buffer_size(); });
    run_until([&] {
        link.receive(1000);
        if (transport().get_write_buffer_size() > low) {
            EXPECT_EQ(story.count("resume"), 0u);
        }
        return story.count("resume") != 0;
    });
    EXPECT_LE(at_resume, low);
    read_until(link, [this] { return transport().get_write_buffer_size() == 0; });
    EXPECT_EQ(story.count("resume"), 1u);
}

TEST_P(WriteContract, PausingAndResumingAlternate) {
    Link& link = connect({.high = 3000, .low = 1000});
    for (std::size_t round = 1; round <= 3; ++round) {
        link.fill(transport());
        while (story.count("pause") < round) transport().write(std::string(1000, 'x'));
        for (int i = 0; i < 3; ++i) transport().write(std::string(1000, 'x'));
        read_until(link, [this] { return transport().get_write_buffer_size() == 0; });
    }
    EXPECT_EQ(story.events,
              (Events{"made", "pause", "resume", "pause", "resume", "pause", "resume"}));
}

TEST_P(WriteContract, HighZeroPausesAsSoonAsTheKernelRefuses) {
    Link& link = connect();
    transport().set_write_buffer_limits(0);
    EXPECT_EQ(transport().get_write_buffer_limits().low, 0u);
    EXPECT_EQ(story.count("pause"), 0u) << "an empty buffer is not over zero";
    link.fill(transport());
    EXPECT_EQ(story.count("pause"), 1u);
    on("resume", [this] { EXPECT_EQ(transport().get_write_buffer_size(), 0u); });
    read_until(link, [this] { return story.count("resume") == 1; });
}

TEST_P(WriteContract, LimitsThatAreLeftOutFollowFromTheOther) {
    connect({.high = 1000, .low = 10});
    const auto limits = [this] {
        const auto now = transport().get_write_buffer_limits();
        return std::array{now.low, now.high};
    };
    using Limits = std::array<std::size_t, 2>;
    EXPECT_EQ(limits(), (Limits{10, 1000}));
    transport().set_write_buffer_limits(400);
    EXPECT_EQ(limits(), (Limits{100, 400}));
    transport().set_write_buffer_limits({}, 7);
    EXPECT_EQ(limits(), (Limits{7, 28}));
    transport().set_write_buffer_limits(5, 5);
    EXPECT_EQ(limits(), (Limits{5, 5}));
    EXPECT_THROW(transport().set_write_buffer_limits(1, 2), std::invalid_argument);
    EXPECT_EQ(limits(), (Limits{5, 5})) << "what is refused changes nothing";
    transport().set_write_buffer_limits();
    EXPECT_EQ(limits(), (Limits{10, 1000})) << "the unit's own";
}

TEST_P(WriteContract, LoweringTheLimitsPausesAtOnceAndRaisingThemDoesNotResume) {
    connect({.high = 1 << 20, .low = 0}).fill(transport());
    EXPECT_EQ(story.count("pause"), 0u);
    transport().set_write_buffer_limits(0);
    EXPECT_EQ(story.count("pause"), 1u);
    transport().set_write_buffer_limits(1 << 20, 1 << 20);
    world->settle();
    EXPECT_EQ(story.count("resume"), 0u);
}

TEST_P(WriteContract, WritingInPauseAndResumeKeepsTheOrder) {
    Link& link = connect({.high = 0, .low = 0});
    story.on = [this](std::string_view event) {
        if (event == "pause") transport().write("[paused]");
        if (event == "resume") transport().write("[resumed]");
    };
    link.fill(transport());
    ASSERT_EQ(story.count("pause"), 1u);
    transport().write("[written]");
    const std::string read = read_until(link, [this] { return story.count("resume") == 1; });
    transport().close();
    const std::string rest = read + read_to_the_end(link);
    EXPECT_TRUE(rest.ends_with("[paused][written][resumed]"));
}

TEST_P(WriteContract, AbortingInPauseWritingResumesNothing) {
    on("pause", [this] { transport().abort(); });
    Link& link = connect({.high = 0, .low = 0});
    link.fill(transport());
    run_to_the_end();
    EXPECT_EQ(story.events, (Events{"made", "pause", "lost", "destroyed"}));
    EXPECT_EQ(story.loss, Loss{});
}

TEST_P(WriteContract, ALossWhilePausedIsNotPrecededByResuming) {
    connect({.high = 0, .low = 0}).fill(transport());
    ASSERT_EQ(story.count("pause"), 1u);
    transport().abort();
    run_to_the_end();
    EXPECT_EQ(story.events, (Events{"made", "pause", "lost", "destroyed"}));
}

TEST_P(WriteContract, ClosingInResumeWritingEndsOnce) {
    Link& link = connect({.high = 0, .low = 0});
    on("resume", [this] { transport().close(); });
    link.fill(transport());
    read_to_the_end(link);
    world->settle();
    EXPECT_EQ(story.events, (Events{"made", "pause", "resume", "lost", "destroyed"}));
}

TEST_P(WriteContract, WhatResumeWritingWritesOnAClosingTransportIsSentBeforeTheEnd) {
    Link& link = connect({.high = 0, .low = 0});
    on("resume", [this] { transport().write("last words"); });
    link.fill(transport());
    transport().close();
    EXPECT_TRUE(read_to_the_end(link).ends_with("last words"));
    EXPECT_EQ(story.loss, Loss{});
}

TEST_P(WriteContract, WhatPauseWritingThrowsEndsTheConnection) {
    on("pause", [] { throw std::runtime_error("no pause"); });
    connect({.high = 0, .low = 0}).fill(transport());
    run_to_the_end();
    EXPECT_EQ(story.loss, (Loss{PH_E_EXCEPTION, 0, "no pause"}));
    EXPECT_EQ(world->failures(), Events{"pause_writing: no pause"});
}

TEST_P(WriteContract, WhatResumeWritingThrowsEndsTheConnection) {
    on("resume", [] { throw std::runtime_error("no more"); });
    Link& link = connect({.high = 0, .low = 0});
    link.fill(transport());
    read_to_the_end(link);
    EXPECT_EQ(story.loss, (Loss{PH_E_EXCEPTION, 0, "no more"}));
    EXPECT_EQ(world->failures(), Events{"resume_writing: no more"});
}

// ---- the hard limit -----------------------------------------------------------------------------

TEST_P(WriteContract, PassingTheHardLimitEndsTheConnection) {
    connect({.high = 1000, .low = 0, .limit = 50000});
    EXPECT_EQ(transport().write(std::string(50001, 'x')), WriteStatus::over_limit)
        << "also where the kernel would have taken it";
    EXPECT_EQ(transport().write("x"), WriteStatus::closed);
    run_to_the_end();
    ASSERT_TRUE(story.loss);
    EXPECT_EQ(story.loss->status, PH_E_LIMIT);
}

TEST_P(WriteContract, WhereTheUnitSaysSoPassingTheHardLimitIsOnlyRefused) {
    Link& link =
        connect({.high = 1000, .low = 0, .limit = 50000, .policy = WriteBuffer::Policy::refuse});
    EXPECT_EQ(transport().write(std::string(50001, 'x')), WriteStatus::over_limit);
    EXPECT_EQ(transport().write("small"), WriteStatus::accepted);
    EXPECT_EQ(transport().writelines({"yes ", std::string(50001, 'x'), "no"}),
              WriteStatus::over_limit)
        << "stops at the first piece that is refused";
    transport().close();
    EXPECT_EQ(read_to_the_end(link), "smallyes ");
    EXPECT_EQ(story.loss, Loss{});
}

TEST_P(WriteContract, TheHardLimitCountsWhatWaits) {
    Link& link =
        connect({.high = 1000, .low = 0, .limit = 100000, .policy = WriteBuffer::Policy::refuse});
    link.fill(transport());
    const std::size_t room = 100000 - transport().get_write_buffer_size();
    EXPECT_EQ(transport().write(std::string(room + 1, 'x')), WriteStatus::over_limit);
    EXPECT_EQ(transport().write(std::string(room, 'x')), WriteStatus::accepted);
    EXPECT_EQ(transport().write("x"), WriteStatus::over_limit);
    EXPECT_EQ(transport().get_write_buffer_size(), 100000u);
}

}  // namespace protohost::contract

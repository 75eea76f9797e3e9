// SPDX-License-Identifier: MIT
#include <cerrno>
#include <stdexcept>
#include <string>

#include "tests/contract/contract_test.hpp"

namespace protohost::contract {

using protohost::testing::Loss;

TEST_P(StreamContract, AnEndThatIsNotKeptOpenClosesOnceEverythingIsSent) {
    Link& link = connect();
    link.fill(transport());
    link.end();
    run_until([this] { return story.count("eof") == 1; });
    EXPECT_TRUE(transport().is_closing());
    EXPECT_EQ(story.count("lost"), 0u);
    EXPECT_EQ(transport().write("answer"), WriteStatus::accepted);
    EXPECT_TRUE(read_to_the_end(link).ends_with("answer"));
    EXPECT_EQ(story.loss, Loss{});
}

TEST_P(StreamContract, WhatEofReceivedWritesIsSent) {
    on("eof", [this] { transport().write("bye"); });
    Link& link = connect();
    link.end();
    EXPECT_EQ(read_to_the_end(link), "bye");
}

TEST_P(StreamContract, AnEndThatIsKeptOpenLeavesTheWritingSide) {
    story.keep_open_at_eof = true;
    Link& link = connect();
    link.end();
    run_until([this] { return story.count("eof") == 1; });
    world->settle();
    EXPECT_FALSE(transport().is_closing());
    EXPECT_EQ(transport().write("still here"), WriteStatus::accepted);
    transport().close();
    EXPECT_EQ(read_to_the_end(link), "still here");
    EXPECT_EQ(story.events, (Events{"made", "eof", "lost", "destroyed"}));
}

TEST_P(StreamContract, TheEndIsToldOnceAlsoAfterPausingAndResuming) {
    story.keep_open_at_eof = true;
    Link& link = connect();
    link.end();
    run_until([this] { return story.count("eof") == 1; });
    transport().pause_reading();
    transport().resume_reading();
    world->settle();
    EXPECT_EQ(story.count("eof"), 1u);
    EXPECT_FALSE(transport().is_closing());
}

TEST_P(StreamContract, WriteEofEndsTheWritingSideAndReadingGoesOn) {
    Link& link = connect();
    EXPECT_TRUE(transport().can_write_eof());
    transport().write("all of it");
    transport().write_eof();
    EXPECT_FALSE(transport().is_closing());
    EXPECT_EQ(read_until(link, [&] { return link.ended(); }), "all of it");
    link.send("heard");
    run_until([this] { return story.received == "heard"; });
    link.end();
    run_to_the_end();
    EXPECT_EQ(story.loss, Loss{});
}

TEST_P(StreamContract, WriteEofWaitsForWhatWaits) {
    Link& link = connect();
    link.fill(transport());
    transport().write("tail");
    transport().write_eof();
    EXPECT_FALSE(link.ended());
    EXPECT_TRUE(read_until(link, [&] { return link.ended(); }).ends_with("tail"));
    EXPECT_FALSE(transport().is_closing());
}

TEST_P(StreamContract, WritingAfterWriteEofIsAnError) {
    connect();
    transport().write_eof();
    transport().write_eof();
    EXPECT_THROW(transport().write("x"), std::logic_error);
    EXPECT_THROW(transport().write(""), std::logic_error);
    EXPECT_THROW(transport().writelines({"x"}), std::logic_error);
    transport().close();
    EXPECT_THROW(transport().write("x"), std::logic_error) << "also once it closes";
    run_to_the_end();
}

TEST_P(StreamContract, WriteEofOnceItClosesIsNothing) {
    Link& link = connect();
    link.fill(transport());
    transport().close();
    transport().write_eof();
    EXPECT_EQ(transport().write("tail"), WriteStatus::accepted);
    EXPECT_TRUE(read_to_the_end(link).ends_with("tail"));
}

TEST_P(StreamContract, BothDirectionsMayEndAndTheTransportStaysOpen) {
    story.keep_open_at_eof = true;
    Link& link = connect();
    link.end();
    run_until([this] { return story.count("eof") == 1; });
    transport().write_eof();
    world->settle();
    EXPECT_FALSE(transport().is_closing());
    EXPECT_EQ(story.count("lost"), 0u);
    transport().close();
    run_to_the_end();
}

TEST_P(StreamContract, AResetIsAnErrorWithItsNumber) {
    Link& link = connect();
    link.reset();
    run_to_the_end();
    ASSERT_TRUE(story.loss);
    EXPECT_EQ(story.loss->status, PH_E_OS);
    EXPECT_EQ(story.loss->os_errno, ECONNRESET);
    EXPECT_FALSE(story.loss->message.empty());
    EXPECT_EQ(story.events, (Events{"made", "lost", "destroyed"})) << "and no regular end";
    EXPECT_EQ(world->failures(), Events{}) << "nobody's fault";
}

TEST_P(StreamContract, AResetIsToldAfterTheDataBeforeIt) {
    Link& link = connect();
    on("data", [&] { link.reset(); });
    link.send("last words");
    run_to_the_end();
    EXPECT_EQ(story.received, "last words");
    ASSERT_TRUE(story.loss);
    EXPECT_EQ(story.loss->os_errno, ECONNRESET);
}

TEST_P(StreamContract, WhilePausedAResetIsNotNoticed) {
    Link& link = connect();
    transport().pause_reading();
    link.reset();
    world->settle();
    EXPECT_EQ(story.events, Events{"made"});
    transport().resume_reading();
    run_to_the_end();
    ASSERT_TRUE(story.loss);
    EXPECT_EQ(story.loss->os_errno, ECONNRESET);
}

TEST_P(StreamContract, WritingToAPeerThatIsGoneEndsTheConnection) {
    Link& link = connect();
    transport().pause_reading();
    link.reset();
    run_until([this] { return transport().write("into the void") == WriteStatus::closed; });
    EXPECT_EQ(story.count("lost"), 0u) << "never from inside write";
    run_to_the_end();
    ASSERT_TRUE(story.loss);
    EXPECT_EQ(story.loss->status, PH_E_OS);
    EXPECT_TRUE(story.loss->os_errno == ECONNRESET || story.loss->os_errno == EPIPE);
}

TEST_P(StreamContract, AResetWhileItFlushesEndsItWithTheReason) {
    Link& link = connect();
    link.fill(transport());
    transport().close();
    link.reset();
    run_to_the_end();
    ASSERT_TRUE(story.loss);
    EXPECT_EQ(story.loss->status, PH_E_OS);
    EXPECT_EQ(story.count("lost"), 1u);
}

TEST_P(StreamContract, ASlowReaderSlowsTheSenderDownAndLosesNothing) {
    Link& link = connect({.high = 10000, .low = 1000});
    constexpr std::size_t total = 300'000;
    std::string sent;
    const auto write_until_paused = [&] {
        while (sent.size() < total && story.count("pause") == story.count("resume")) {
            const std::string piece = std::to_string(sent.size()) + '|';
            sent += piece;
            transport().write(piece);
        }
        if (sent.size() >= total) transport().close();
    };
    on("resume", write_until_paused);
    link.fill(transport());
    const std::string filled =
        read_until(link, [&] { return transport().get_write_buffer_size() == 0; });
    write_until_paused();
    const std::string read = read_to_the_end(link);
    EXPECT_TRUE((filled + read).ends_with(sent));
}

}  // namespace protohost::contract

// SPDX-License-Identifier: MIT
#include <memory>
#include <stdexcept>
#include <string>

#include "tests/contract/contract_test.hpp"

namespace protohost::contract {

using protohost::testing::Loss;

TEST_P(ReadContract, DataArrivesWholeAndInOrderAndNeverEmpty) {
    Link& link = connect();
    std::string sent;
    for (int i = 0; i < 500; ++i) {
        const std::string piece = std::to_string(i) + ';';
        sent += piece;
        link.send(piece);
        world->turn();
    }
    run_until([&] { return story.received.size() >= sent.size(); });
    EXPECT_EQ(story.received, sent);
    EXPECT_EQ(story.count("nothing"), 0u);
}

TEST_P(ReadContract, TheEndIsToldAfterTheDataBeforeIt) {
    Link& link = connect();
    link.send("last words");
    link.end();
    run_to_the_end();
    EXPECT_EQ(story.received, "last words");
    EXPECT_EQ(story.events, (Events{"made", "data", "eof", "lost", "destroyed"}));
    EXPECT_EQ(story.loss, Loss{});
}

TEST_P(ReadContract, PausingInDataReceivedIsExact) {
    on("data", [this] { transport().pause_reading(); });
    Link& link = connect();
    link.send("one");
    run_until([this] { return story.received == "one"; });
    link.send("two");
    world->settle();
    EXPECT_EQ(story.received, "one");
    EXPECT_FALSE(transport().is_reading());
}

TEST_P(ReadContract, PausingInConnectionMadeHoldsBackTheFirstByte) {
    on("made", [this] { transport().pause_reading(); });
    Link& link = connect();
    link.send("early");
    world->settle();
    EXPECT_EQ(story.events, Events{"made"});
    transport().resume_reading();
    run_until([this] { return story.received == "early"; });
}

TEST_P(ReadContract, ResumingNeverDeliversFromInside) {
    Link& link = connect();
    transport().pause_reading();
    link.send("waits");
    world->settle();
    transport().resume_reading();
    EXPECT_EQ(story.received, "");
    run_until([this] { return story.received == "waits"; });
}

TEST_P(ReadContract, PausingAndResumingAreIdempotent) {
    Link& link = connect();
    transport().resume_reading();
    EXPECT_TRUE(transport().is_reading());
    transport().pause_reading();
    transport().pause_reading();
    EXPECT_FALSE(transport().is_reading());
    transport().resume_reading();
    EXPECT_TRUE(transport().is_reading());
    link.send("x");
    run_until([this] { return story.received == "x"; });
}

TEST_P(ReadContract, WhilePausedTheEndIsNotNoticed) {
    Link& link = connect();
    transport().pause_reading();
    link.send("kept");
    link.end();
    world->settle();
    EXPECT_EQ(story.events, Events{"made"});
    transport().resume_reading();
    run_to_the_end();
    EXPECT_EQ(story.received, "kept");
    EXPECT_EQ(story.events, (Events{"made", "data", "eof", "lost", "destroyed"}));
}

TEST_P(ReadContract, NothingIsReadOnceItCloses) {
    on("data", [this] { transport().close(); });
    Link& link = connect();
    link.send("one");
    run_until([this] { return story.count("data") == 1; });
    EXPECT_FALSE(transport().is_reading());
    run_to_the_end();
    EXPECT_EQ(story.events, (Events{"made", "data", "lost", "destroyed"}));
}

TEST_P(ReadContract, ClosingBeforeItIsReadDropsWhatHasArrived) {
    Link& link = connect();
    transport().pause_reading();
    link.send("never read");
    world->settle();
    transport().close();
    transport().resume_reading();
    EXPECT_FALSE(transport().is_reading());
    run_to_the_end();
    EXPECT_EQ(story.events, (Events{"made", "lost", "destroyed"}));
}

TEST_P(ReadContract, WhatDataReceivedThrowsEndsTheConnection) {
    on("data", [] { throw std::runtime_error("cannot parse this"); });
    Link& link = connect();
    link.send("one");
    run_to_the_end();
    EXPECT_EQ(story.loss, (Loss{PH_E_EXCEPTION, 0, "cannot parse this"}));
    EXPECT_EQ(world->failures(), Events{"data_received: cannot parse this"});
    EXPECT_EQ(story.events, (Events{"made", "data", "lost", "destroyed"}));
}

TEST_P(ReadContract, WhatEofReceivedThrowsEndsTheConnection) {
    on("eof", [] { throw std::runtime_error("too short"); });
    connect().end();
    run_to_the_end();
    EXPECT_EQ(story.loss, (Loss{PH_E_EXCEPTION, 0, "too short"}));
    EXPECT_EQ(story.events, (Events{"made", "eof", "lost", "destroyed"}));
}

TEST_P(ReadContract, WhatIsThrownNeedNotBeAnException) {
    on("data", [] { throw 42; });
    connect().send("x");
    run_to_the_end();
    ASSERT_TRUE(story.loss);
    EXPECT_EQ(story.loss->status, PH_E_EXCEPTION);
}

TEST_P(ReadContract, SetProtocolInDataReceivedGivesTheNextBytesToTheNextOne) {
    Story next;
    Link& link = connect();
    on("data", [&] {
        transport().set_protocol(std::make_unique<Recorder>(next));
        EXPECT_EQ(story.count("destroyed"), 0u) << "its callback is on the stack";
    });
    link.send("one");
    run_until([this] { return story.is_over(); });
    link.send("two");
    link.end();
    run_until([&] { return next.is_over(); });
    EXPECT_EQ(story.events, (Events{"made", "data", "destroyed"}));
    EXPECT_EQ(next.received, "two");
    EXPECT_EQ(next.events, (Events{"data", "eof", "lost", "destroyed"}));
}

TEST_P(ReadContract, SetProtocolMayChangeToABufferedOneAndBack) {
    Story buffered;
    Story streaming;
    Link& link = connect();
    on("data", [&] { transport().set_protocol(std::make_unique<BufferedRecorder>(buffered)); });
    buffered.on = [&](std::string_view event) {
        if (event == "updated") {
            transport().set_protocol(std::make_unique<Recorder>(streaming));
        }
    };
    link.send("a");
    run_until([this] { return story.is_over(); });
    link.send("b");
    run_until([&] { return buffered.is_over(); });
    link.send("c");
    run_until([&] { return streaming.received == "c"; });
    EXPECT_EQ(buffered.received, "b");
    transport().close();
    run_until([&] { return streaming.is_over(); });
}

TEST_P(ReadContract, ABufferedProtocolGetsItsBytesWhereItWantsThem) {
    story.buffer_size = 4;
    Link& link = connect_buffered();
    link.send("abcdefg");
    link.end();
    run_to_the_end();
    EXPECT_EQ(story.received, "abcdefg");
    EXPECT_EQ(story.events,
              (Events{"made",
                      "get_buffer",
                      "updated",
                      "get_buffer",
                      "updated",
                      "get_buffer",
                      "eof",
                      "lost",
                      "destroyed"}));
}

TEST_P(ReadContract, AnEmptyBufferEndsTheConnection) {
    story.buffer_size = 0;
    connect_buffered().send("x");
    run_to_the_end();
    EXPECT_EQ(story.loss, (Loss{PH_E_INVAL, 0, "get_buffer() returned an empty buffer"}));
    EXPECT_EQ(story.count("updated"), 0u);
}

TEST_P(ReadContract, WhatGetBufferThrowsEndsTheConnection) {
    on("get_buffer", [] { throw std::runtime_error("no memory for you"); });
    connect_buffered().send("x");
    run_to_the_end();
    EXPECT_EQ(story.loss, (Loss{PH_E_EXCEPTION, 0, "no memory for you"}));
    EXPECT_EQ(world->failures(), Events{"get_buffer: no memory for you"});
}

TEST_P(ReadContract, WhatBufferUpdatedThrowsEndsTheConnection) {
    on("updated", [] { throw std::runtime_error("nonsense"); });
    connect_buffered().send("x");
    run_to_the_end();
    EXPECT_EQ(story.loss, (Loss{PH_E_EXCEPTION, 0, "nonsense"}));
    EXPECT_EQ(world->failures(), Events{"buffer_updated: nonsense"});
}

TEST_P(ReadContract, PausingInGetBufferReadsNothing) {
    on("get_buffer", [this] { transport().pause_reading(); });
    connect_buffered().send("waits");
    run_until([this] { return story.count("get_buffer") == 1; });
    world->settle();
    EXPECT_EQ(story.events, (Events{"made", "get_buffer"}));
    story.on = nullptr;
    transport().resume_reading();
    run_until([this] { return story.received == "waits"; });
}

TEST_P(ReadContract, ClosingInGetBufferReadsNothing) {
    on("get_buffer", [this] { transport().close(); });
    connect_buffered().send("x");
    run_to_the_end();
    EXPECT_EQ(story.events, (Events{"made", "get_buffer", "lost", "destroyed"}));
}

}  // namespace protohost::contract

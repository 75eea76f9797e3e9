// SPDX-License-Identifier: MIT
#include <memory>
#include <stdexcept>
#include <string>

#include "tests/contract/contract_test.hpp"

namespace protohost::contract {

using protohost::testing::Loss;

TEST_P(LifeContract, ConnectionMadeComesFirstAndConnectionLostLastEachOnce) {
    connect();
    EXPECT_EQ(story.events, Events{"made"});
    transport().close();
    run_to_the_end();
    world->settle();
    EXPECT_EQ(story.events, (Events{"made", "lost", "destroyed"}));
}

TEST_P(LifeContract, CloseIsOrderlyAndNeverCallsBackFromInside) {
    connect();
    transport().close();
    EXPECT_EQ(story.count("lost"), 0u);
    EXPECT_TRUE(transport().is_closing());
    run_to_the_end();
    EXPECT_EQ(story.loss, Loss{});
}

TEST_P(LifeContract, AbortIsNoErrorAndNeverCallsBackFromInside) {
    connect();
    transport().abort();
    EXPECT_EQ(story.count("lost"), 0u);
    EXPECT_TRUE(transport().is_closing());
    run_to_the_end();
    EXPECT_EQ(story.loss, Loss{});
}

TEST_P(LifeContract, ClosingAndAbortingAgainChangesNothing) {
    connect();
    transport().close();
    transport().close();
    transport().abort();
    transport().abort();
    transport().close();
    run_to_the_end();
    world->settle();
    EXPECT_EQ(story.count("lost"), 1u);
}

TEST_P(LifeContract, TheEndKeepsItsPlaceAmongWhatIsScheduled) {
    connect();
    Loop loop = transport().get_loop();
    Events order;
    on("lost", [&] { order.emplace_back("lost"); });
    loop.call_soon([&] { order.emplace_back("before"); });
    transport().close();
    loop.call_soon([&] { order.emplace_back("after"); });
    run_until([&] { return order.size() == 3; });
    EXPECT_EQ(order, (Events{"before", "lost", "after"}));
}

TEST_P(LifeContract, ClosingInConnectionMadeEndsInOrder) {
    on("made", [this] {
        transport().close();
        EXPECT_TRUE(transport().is_closing());
    });
    connect();
    run_to_the_end();
    EXPECT_EQ(story.events, (Events{"made", "lost", "destroyed"}));
    EXPECT_EQ(story.loss, Loss{});
}

TEST_P(LifeContract, AbortingInConnectionMadeEndsInOrder) {
    on("made", [this] { transport().abort(); });
    connect();
    EXPECT_EQ(story.count("made"), 1u);
    run_to_the_end();
    EXPECT_EQ(story.events, (Events{"made", "lost", "destroyed"}));
}

TEST_P(LifeContract, TheTransportServesUntilConnectionLostReturns) {
    on("lost", [this] {
        EXPECT_TRUE(transport().is_closing());
        EXPECT_TRUE(transport().ref().lock());
        EXPECT_TRUE(transport().get_protocol() != nullptr);
        transport().close();
        transport().abort();
        EXPECT_EQ(transport().get_write_buffer_size(), 0u);
    });
    connect();
    transport().close();
    run_to_the_end();
    world->settle();
    EXPECT_EQ(story.count("lost"), 1u);
}

TEST_P(LifeContract, AHandleThatIsKeptTooLongDoesNothing) {
    connect();
    Transport kept = transport();
    kept.abort();
    run_to_the_end();
    EXPECT_TRUE(kept.is_closing());
    EXPECT_FALSE(kept.is_reading());
    EXPECT_EQ(kept.write("late"), WriteStatus::closed);
    kept.write_eof();
    kept.close();
    kept.abort();
    kept.pause_reading();
    kept.resume_reading();
    kept.set_write_buffer_limits(10);
    EXPECT_EQ(kept.get_write_buffer_size(), 0u);
    EXPECT_FALSE(kept.get_extra_info("peername"));
    EXPECT_TRUE(kept.get_protocol() == nullptr);
    world->settle();
    EXPECT_EQ(story.events, (Events{"made", "lost", "destroyed"}));
}

TEST_P(LifeContract, AHandleThatIsKeptTooLongNeverReachesAnotherConnection) {
    connect();
    Transport kept = transport();
    kept.abort();
    run_to_the_end();
    Story other;
    world->connect(std::make_unique<Recorder>(other), {});
    kept.abort();
    EXPECT_FALSE(other.transport == kept);
    EXPECT_FALSE(other.transport.is_closing());
    world->settle();
    EXPECT_EQ(other.events, Events{"made"});
    other.transport.abort();
    run_until([&] { return other.is_over(); });
}

TEST_P(LifeContract, AWeakReferenceAnswersUntilTheLoss) {
    connect();
    const TransportRef reference = transport().ref();
    EXPECT_TRUE(reference.lock() == transport());
    transport().close();
    EXPECT_TRUE(reference.lock() == transport()) << "not lost yet";
    run_to_the_end();
    EXPECT_FALSE(reference.lock());
}

TEST_P(LifeContract, SetProtocolTellsNeitherAndDestroysTheOldOneLater) {
    connect();
    Story next;
    next.transport = transport();
    auto replacement = std::make_unique<Recorder>(next);
    BaseProtocol* const expected = replacement.get();
    transport().set_protocol(std::move(replacement));
    EXPECT_EQ(story.count("destroyed"), 0u) << "one of its callbacks might be on the stack";
    EXPECT_TRUE(transport().get_protocol() == expected);
    run_until([this] { return story.is_over(); });
    EXPECT_EQ(story.events, (Events{"made", "destroyed"}));
    EXPECT_EQ(next.events, Events{});
    next.transport.close();
    run_until([&] { return next.is_over(); });
    EXPECT_EQ(next.events, (Events{"lost", "destroyed"}));
}

TEST_P(LifeContract, SetProtocolRefusesAnotherKind) {
    connect();
    EXPECT_THROW(transport().set_protocol(nullptr), std::invalid_argument);
    EXPECT_THROW(transport().set_protocol(std::make_unique<DatagramProtocol>()),
                 std::invalid_argument);
    transport().close();
    run_to_the_end();
    EXPECT_EQ(story.events, (Events{"made", "lost", "destroyed"}));
}

TEST_P(LifeContract, ExtraInfoThatNobodyKnowsIsTheDefault) {
    connect();
    EXPECT_FALSE(transport().get_extra_info("no such thing"));
    EXPECT_EQ(transport().get_extra_info("no such thing", "a default"), "a default");
}

TEST_P(LifeContract, WhatConnectionMadeThrowsEndsTheConnection) {
    on("made", [] { throw std::runtime_error("not today"); });
    connect();
    run_to_the_end();
    EXPECT_EQ(story.loss, (Loss{PH_E_EXCEPTION, 0, "not today"}));
    EXPECT_EQ(world->failures(), Events{"connection_made: not today"});
    EXPECT_EQ(story.events, (Events{"made", "lost", "destroyed"}));
}

TEST_P(LifeContract, WhatConnectionLostThrowsIsReportedAndChangesNothing) {
    on("lost", [] { throw std::runtime_error("too late"); });
    connect();
    transport().close();
    run_to_the_end();
    EXPECT_EQ(world->failures(), Events{"connection_lost: too late"});
    EXPECT_EQ(story.events, (Events{"made", "lost", "destroyed"}));
}

TEST_P(LifeContract, TheFirstReasonIsTheOneThatIsTold) {
    on("made", [this] {
        transport().abort();
        throw std::runtime_error("after the end");
    });
    connect();
    run_to_the_end();
    EXPECT_EQ(story.loss, Loss{}) << "the abort came first";
    EXPECT_EQ(world->failures(), Events{"connection_made: after the end"});
}

TEST_P(LifeContract, DrainingClosesAProtocolThatDoesNotWantToFinish) {
    connect().drain();
    run_to_the_end();
    EXPECT_EQ(story.events, (Events{"made", "drain", "lost", "destroyed"}));
    EXPECT_EQ(story.loss, Loss{});
}

TEST_P(LifeContract, DrainingAsksOnceAndLeavesAProtocolThatWantsToFinish) {
    story.keep_open_at_drain = true;
    Link& link = connect();
    link.drain();
    link.drain();
    world->settle();
    EXPECT_EQ(story.events, (Events{"made", "drain"}));
    EXPECT_FALSE(transport().is_closing());
    transport().close();
    run_to_the_end();
}

TEST_P(LifeContract, DrainingDoesNotAskOneThatIsClosing) {
    Link& link = connect();
    transport().close();
    link.drain();
    run_to_the_end();
    EXPECT_EQ(story.count("drain"), 0u);
}

TEST_P(LifeContract, WhatDrainRequestedThrowsEndsTheConnection) {
    on("drain", [] { throw std::runtime_error("no"); });
    connect().drain();
    run_to_the_end();
    EXPECT_EQ(story.loss, (Loss{PH_E_EXCEPTION, 0, "no"}));
}

}  // namespace protohost::contract

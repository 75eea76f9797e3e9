// SPDX-License-Identifier: MIT
#include <array>
#include <cerrno>
#include <stdexcept>
#include <string>

#include "tests/contract/datagram_test.hpp"

namespace protohost::contract {

// ---- from connection_made to connection_lost ----------------------------------------------------

TEST_P(DatagramContract, ConnectionMadeComesFirstAndConnectionLostLastEachOnce) {
    bind();
    EXPECT_EQ(story.events, Strings{"made"});
    transport().close();
    EXPECT_EQ(story.count("lost"), 0u) << "never from inside";
    EXPECT_TRUE(transport().is_closing());
    transport().close();
    transport().abort();
    run_to_the_end();
    world->settle();
    EXPECT_EQ(story.events, (Strings{"made", "lost", "destroyed"}));
    EXPECT_EQ(story.loss, Loss{});
}

TEST_P(DatagramContract, AbortIsNoErrorAndNeverCallsBackFromInside) {
    bind();
    transport().abort();
    EXPECT_EQ(story.count("lost"), 0u);
    run_to_the_end();
    EXPECT_EQ(story.loss, Loss{});
}

TEST_P(DatagramContract, ClosingInConnectionMadeEndsInOrder) {
    on("made", [this] { transport().close(); });
    DatagramLink& link = bind();
    link.send("too late");
    run_to_the_end();
    EXPECT_EQ(story.events, (Strings{"made", "lost", "destroyed"}));
}

TEST_P(DatagramContract, AHandleThatIsKeptTooLongDoesNothing) {
    DatagramLink& link = bind();
    DatagramTransport kept = transport();
    const DatagramTransportRef reference = kept.ref();
    EXPECT_TRUE(reference.lock() == kept);
    kept.abort();
    run_to_the_end();
    EXPECT_FALSE(reference.lock());
    EXPECT_TRUE(kept.is_closing());
    EXPECT_FALSE(kept.is_reading());
    EXPECT_EQ(kept.sendto("late", link.peer()), WriteStatus::closed);
    kept.pause_reading();
    kept.resume_reading();
    EXPECT_EQ(kept.get_write_buffer_size(), 0u);
    EXPECT_FALSE(kept.get_extra_info("sockname"));
    world->settle();
    EXPECT_EQ(story.events, (Strings{"made", "lost", "destroyed"}));
}

TEST_P(DatagramContract, WhatCallbacksThrowIsReportedAndEndsNothing) {
    story.on = [](std::string_view event) {
        if (event != "lost") throw std::runtime_error("no " + std::string(event));
    };
    DatagramLink& link = bind();
    link.send("one");
    run_until([this] { return story.count("data") == 1; });
    transport().sendto(link.too_long(), link.peer());
    run_until([this] { return story.count("error") == 1; });
    link.send("two");
    run_until([this] { return story.count("data") == 2; });
    EXPECT_EQ(world->failures(),
              (Strings{"connection_made: no made",
                       "datagram_received: no data",
                       "error_received: no error",
                       "datagram_received: no data"}));
    EXPECT_FALSE(transport().is_closing());
}

TEST_P(DatagramContract, DrainingClosesAProtocolThatDoesNotWantToFinish) {
    bind().drain();
    run_to_the_end();
    EXPECT_EQ(story.events, (Strings{"made", "drain", "lost", "destroyed"}));
    EXPECT_EQ(story.loss, Loss{});
}

TEST_P(DatagramContract, DrainingAsksOnceAndLeavesAProtocolThatWantsToFinish) {
    story.keep_open_at_drain = true;
    DatagramLink& link = bind();
    link.drain();
    link.drain();
    world->settle();
    EXPECT_EQ(story.events, (Strings{"made", "drain"}));
    link.send("still heard");
    run_until([this] { return story.count("data") == 1; });
}

TEST_P(DatagramContract, SetProtocolTellsNeitherAndRefusesAnotherKind) {
    DatagramStory next;
    DatagramLink& link = bind();
    EXPECT_THROW(transport().set_protocol(std::make_unique<Protocol>()), std::invalid_argument);
    next.transport = transport();
    on("data", [&] { transport().set_protocol(std::make_unique<DatagramRecorder>(next)); });
    link.send("one");
    link.send("two");
    run_until([&] { return story.is_over() && !next.received.empty(); });
    EXPECT_EQ(story.events, (Strings{"made", "data", "destroyed"}));
    EXPECT_EQ(next.received, Strings{"two"});
    next.transport.close();
    run_until([&] { return next.is_over(); });
    EXPECT_EQ(next.events, (Strings{"data", "lost", "destroyed"}));
}

TEST_P(DatagramContract, KnowsItsAddressesAndNothingElse) {
    DatagramLink& link = connect();
    EXPECT_TRUE(transport().get_extra_info("sockname"));
    EXPECT_EQ(transport().get_extra_info("peername").address(), link.peer());
    EXPECT_EQ(transport().get_extra_info("no such thing", "a default"), "a default");
}

TEST_P(DatagramContract, WithoutARemoteThereIsNoPeername) {
    bind();
    EXPECT_FALSE(transport().get_extra_info("peername"));
}

// ---- what arrives -------------------------------------------------------------------------------

TEST_P(DatagramContract, EachArrivesWholeInOrderAndWithItsSenderEmptyOnesToo) {
    DatagramLink& link = bind();
    link.send("first");
    link.send("");
    link.send_as_stranger("from elsewhere");
    link.send(std::string(5000, 'l'));
    run_until([this] { return story.received.size() == 4; });
    EXPECT_EQ(story.received, (Strings{"first", "", "from elsewhere", std::string(5000, 'l')}));
    EXPECT_EQ(story.senders, (std::vector{link.peer(), link.peer(), link.stranger(), link.peer()}));
}

TEST_P(DatagramContract, WithARemoteNobodyElseIsHeard) {
    DatagramLink& link = connect();
    link.send("from the remote");
    run_until([this] { return story.count("data") == 1; });
    EXPECT_EQ(story.senders, std::vector{link.peer()});
}

TEST_P(DatagramContract, PausingInDatagramReceivedIsExactAndLosesNothing) {
    on("data", [this] { transport().pause_reading(); });
    DatagramLink& link = bind();
    for (const char* text : {"one", "two", "three"}) link.send(text);
    run_until([this] { return story.count("data") == 1; });
    world->settle();
    EXPECT_EQ(story.received, Strings{"one"});
    EXPECT_FALSE(transport().is_reading());
    story.on = nullptr;
    transport().resume_reading();
    EXPECT_EQ(story.received, Strings{"one"}) << "never from inside";
    run_until([this] { return story.received.size() == 3; });
    EXPECT_EQ(story.received, (Strings{"one", "two", "three"}));
}

TEST_P(DatagramContract, PausingInConnectionMadeHoldsBackTheFirst) {
    on("made", [this] { transport().pause_reading(); });
    bind().send("early");
    world->settle();
    EXPECT_EQ(story.events, Strings{"made"});
    transport().resume_reading();
    run_until([this] { return story.received == Strings{"early"}; });
}

TEST_P(DatagramContract, NothingArrivesOnceItCloses) {
    on("data", [this] { transport().close(); });
    DatagramLink& link = bind();
    for (const char* text : {"one", "two", "three"}) link.send(text);
    run_to_the_end();
    EXPECT_EQ(story.events, (Strings{"made", "data", "lost", "destroyed"}));
}

// ---- what is sent -------------------------------------------------------------------------------

TEST_P(DatagramContract, WhatIsSentReachesWhomItIsSentToInOrderEmptyOnesToo) {
    DatagramLink& link = bind();
    EXPECT_EQ(transport().sendto("one", link.peer()), WriteStatus::accepted);
    EXPECT_EQ(transport().sendto("", link.peer()), WriteStatus::accepted);
    EXPECT_EQ(transport().sendto("for another", link.stranger()), WriteStatus::accepted);
    EXPECT_EQ(transport().sendto("three", link.peer()), WriteStatus::accepted);
    EXPECT_EQ(receive(link, 3), (Strings{"one", "", "three"}));
    EXPECT_EQ(link.receive_as_stranger(), Strings{"for another"});
}

TEST_P(DatagramContract, WhatIsSentInACallbackMayChangeAfterwards) {
    DatagramLink& link = bind();
    std::string text;
    on("data", [&] {
        text = "answer to " + story.received.back();
        transport().sendto(text, story.senders.back());
        text.assign(text.size(), '?');
    });
    link.send("one");
    link.send("two");
    EXPECT_EQ(receive(link, 2), (Strings{"answer to one", "answer to two"}));
}

TEST_P(DatagramContract, WithoutARemoteAnAddressIsNeeded) {
    DatagramLink& link = bind();
    EXPECT_EQ(transport().sendto("to nobody"), WriteStatus::invalid_address);
    EXPECT_EQ(transport().sendto("to somebody", link.peer()), WriteStatus::accepted);
    EXPECT_EQ(receive(link, 1), Strings{"to somebody"});
    EXPECT_FALSE(transport().is_closing());
}

TEST_P(DatagramContract, WithARemoteThatIsWhereEverythingGoes) {
    DatagramLink& link = connect();
    EXPECT_EQ(transport().sendto("to it"), WriteStatus::accepted);
    EXPECT_EQ(transport().sendto("by name", link.peer()), WriteStatus::accepted);
    EXPECT_EQ(transport().sendto("elsewhere", link.stranger()), WriteStatus::invalid_address);
    EXPECT_EQ(receive(link, 2), (Strings{"to it", "by name"}));
    world->settle();
    EXPECT_EQ(link.receive_as_stranger(), Strings{});
}

TEST_P(DatagramContract, WhatTheKernelRejectsIsToldAndNothingEnds) {
    DatagramLink& link = bind();
    EXPECT_EQ(transport().sendto(link.too_long(), link.peer()), WriteStatus::accepted);
    EXPECT_EQ(transport().sendto("short", link.peer()), WriteStatus::accepted);
    EXPECT_EQ(receive(link, 1), Strings{"short"});
    run_until([this] { return story.count("error") == 1; });
    EXPECT_EQ(story.errors, std::vector{EMSGSIZE});
    EXPECT_EQ(story.destinations, std::vector{link.peer()});
    EXPECT_EQ(world->failures(), Strings{});
    EXPECT_FALSE(transport().is_closing());
}

TEST_P(DatagramContract, ARemoteThatRefusesIsToldAndNothingEnds) {
    DatagramLink& link = connect();
    const Address remote = link.peer();
    link.leave();
    transport().sendto("anybody there?");
    run_until([this] { return story.count("error") == 1; });
    EXPECT_EQ(story.errors, std::vector{ECONNREFUSED});
    EXPECT_EQ(story.destinations, std::vector{remote});
    EXPECT_FALSE(transport().is_closing());
}

TEST_P(DatagramContract, WhatIsSentBeforeCloseLeavesAndWhatIsSentAfterItDoesNot) {
    DatagramLink& link = bind();
    on("data", [&] {
        transport().sendto("answer", link.peer());
        transport().close();
        EXPECT_EQ(transport().sendto("late", link.peer()), WriteStatus::closed);
    });
    link.send("question");
    run_to_the_end();
    EXPECT_EQ(receive(link, 1), Strings{"answer"});
}

TEST_P(DatagramContract, PassingTheHardLimitEndsItOrIsRefusedAsTheUnitSays) {
    WriteBuffer limits{.high = 1000, .low = 0, .limit = 5000};
    limits.policy = WriteBuffer::Policy::refuse;
    DatagramLink& link = bind(limits);
    EXPECT_EQ(transport().sendto(std::string(4937, 'x'), link.peer()), WriteStatus::over_limit)
        << "64 more than its bytes count";
    EXPECT_EQ(transport().sendto("short", link.peer()), WriteStatus::accepted);
    EXPECT_EQ(receive(link, 1), Strings{"short"});

    DatagramStory other;
    limits.policy = WriteBuffer::Policy::abort;
    DatagramLink& second = world->bind(std::make_unique<DatagramRecorder>(other), limits);
    EXPECT_EQ(other.transport.sendto(std::string(4937, 'x'), second.peer()),
              WriteStatus::over_limit);
    run_until([&] { return other.is_over(); });
    ASSERT_TRUE(other.loss);
    EXPECT_EQ(other.loss->status, PH_E_LIMIT);
}

TEST_P(DatagramContract, LimitsThatAreLeftOutFollowFromTheOther) {
    bind({.high = 1000, .low = 10});
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
    EXPECT_THROW(transport().set_write_buffer_limits(1, 2), std::invalid_argument);
    transport().set_write_buffer_limits();
    EXPECT_EQ(limits(), (Limits{10, 1000})) << "the unit's own";
}

}  // namespace protohost::contract

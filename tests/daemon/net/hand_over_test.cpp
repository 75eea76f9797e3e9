// SPDX-License-Identifier: MIT
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/net/datagram_rig.hpp"
#include "tests/daemon/net/rig.hpp"

// hand_over(): one descriptor, first under one protocol and then under another.

namespace protohost::net::testing {
namespace {

using Events = std::vector<std::string>;

/// A kind of transport, with what is at its other end.
struct Streams {
    using Protocol = Recorder;

    StreamTransport* serve(Recorder& recorder) {
        connection = std::make_unique<Rig::Connection>(rig.connect(Medium::socket_pair, recorder));
        return connection->transport;
    }
    void send(const std::string& text) const { connection->peer.send(text); }
    static void write(StreamTransport& transport, const std::string& text) {
        EXPECT_EQ(transport.write(text.data(), text.size()), PH_OK);
    }

    Rig rig;
    std::unique_ptr<Rig::Connection> connection;
};

struct Datagrams {
    using Protocol = DatagramRecorder;

    DatagramTransport* serve(DatagramRecorder& recorder) {
        return &testing::serve(rig, recorder, std::move(pair.ours));
    }
    void send(const std::string& text) { pair.peer.send(text, {}); }
    static void write(DatagramTransport& transport, const std::string& text) {
        EXPECT_EQ(send_by(transport, text), PH_OK);
    }

    Rig rig;
    DatagramPair pair = socket_pair();
};

template <class Kind>
class HandOver : public ::testing::Test {
protected:
    HandOver() { next.transport = transport; }

    void hand_over() { transport->hand_over(next.proto(), std::make_shared<int>(2)); }
    void fill() {
        while (transport->get_write_buffer_size() == 0) Kind::write(*transport, "fills");
    }

    // The protocols outlive the rig, whose end is the end of the transports.
    typename Kind::Protocol first;
    typename Kind::Protocol next;
    Kind kind;
    decltype(kind.serve(first)) transport = kind.serve(first);
};

using Kinds = ::testing::Types<Streams, Datagrams>;
struct KindName {
    template <class Kind>
    static std::string GetName(int) {
        return std::is_same_v<Kind, Streams> ? "Stream" : "Datagram";
    }
};
TYPED_TEST_SUITE(HandOver, Kinds, KindName);

TYPED_TEST(HandOver, EndsTheFirstInOrderAndBeginsTheNext) {
    this->hand_over();
    EXPECT_EQ(this->first.events, (Events{"made", "lost", "destroy"}));
    EXPECT_EQ(this->next.events, Events{"made"});
    EXPECT_EQ(this->transport->get_protocol().self, &this->next);
    this->kind.send("hello");
    this->kind.rig.run_until([&] { return this->next.events.size() == 2; });
    EXPECT_EQ(this->next.events.back(), "data:hello");
}

TYPED_TEST(HandOver, WhatTheFirstHasKeptIsStale) {
    const ph_ref former = this->transport->ref();
    this->hand_over();
    EXPECT_EQ(this->kind.rig.loop.references().find(former), nullptr);
    EXPECT_EQ(this->kind.rig.loop.references().find(this->transport->ref()), this->transport);
}

TYPED_TEST(HandOver, TheFactoryOfTheFirstIsLetGo) {
    const auto code = std::make_shared<int>(3);
    this->transport->hand_over(this->next.proto(), code);
    EXPECT_EQ(this->transport->factory(), code.get());
    EXPECT_EQ(code.use_count(), 2);
    typename TypeParam::Protocol third;
    third.transport = this->transport;
    this->transport->hand_over(third.proto(), nullptr);
    EXPECT_EQ(code.use_count(), 1);
    this->transport->abort();
    this->kind.rig.run_until([&] { return third.count("destroy") == 1; });
}

TYPED_TEST(HandOver, InConnectionLostItIsOverForTheFirst) {
    this->first.on = [&](std::string_view event) {
        if (event != "lost") return PH_OK;
        EXPECT_TRUE(this->transport->is_closing());
        this->transport->close();
        this->transport->abort();
        return PH_OK;
    };
    this->hand_over();
    this->first.on = nullptr;
    EXPECT_FALSE(this->transport->is_closing());
    this->kind.rig.run_ready();
    EXPECT_EQ(this->kind.rig.ends, 0U);
    EXPECT_EQ(this->next.events, Events{"made"});
}

TYPED_TEST(HandOver, TheNextReadsWhereTheFirstHadPaused) {
    this->transport->pause_reading();
    this->kind.send("kept");
    this->kind.rig.run_ready();
    this->hand_over();
    this->kind.rig.run_until([&] { return this->next.events.size() == 2; });
    EXPECT_EQ(this->next.events.back(), "data:kept");
}

TYPED_TEST(HandOver, TheNextIsAskedToDrainToo) {
    this->first.keep_open_at_drain = true;
    this->next.keep_open_at_drain = true;
    this->transport->drain(0);
    this->hand_over();
    this->transport->drain(0);
    this->transport->drain(0);
    EXPECT_EQ(this->first.count("drain"), 1U);
    EXPECT_EQ(this->next.count("drain"), 1U);
}

TYPED_TEST(HandOver, WatermarksAreTheUnitsAgain) {
    EXPECT_EQ(this->transport->set_write_buffer_limits(0, 0), PH_OK);
    this->fill();
    EXPECT_EQ(this->first.count("pause"), 1U);
    this->hand_over();
    EXPECT_EQ(this->next.count("pause"), 0U);
    EXPECT_FALSE(this->transport->is_writing_paused());
    std::size_t low = 0;
    std::size_t high = 0;
    this->transport->get_write_buffer_limits(low, high);
    EXPECT_EQ(high, model::WriteBuffer().high);
}

TYPED_TEST(HandOver, TheNextIsPausedAtOnceWhereTooMuchWaits) {
    model::WriteBuffer unit;
    unit.high = 0;
    unit.low = 0;
    this->transport->retune({unit});
    this->fill();
    this->hand_over();
    EXPECT_EQ(this->first.events, (Events{"made", "pause", "lost", "destroy"}));
    EXPECT_EQ(this->next.events, (Events{"made", "pause"}));
}

TYPED_TEST(HandOver, WhereTheEndIsOnItsWayItIsTheFirsts) {
    this->transport->abort();
    this->hand_over();
    EXPECT_EQ(this->next.events, Events{"destroy"});
    this->kind.rig.run_until([&] { return this->kind.rig.ends == 1; });
    EXPECT_EQ(this->first.events, (Events{"made", "lost", "destroy"}));
}

TYPED_TEST(HandOver, WhereTheFirstHasClosedItsRestIsStillSent) {
    this->fill();
    this->transport->close();
    this->hand_over();
    EXPECT_EQ(this->next.events, Events{"destroy"});
    EXPECT_TRUE(this->transport->is_closing());
    EXPECT_GT(this->transport->get_write_buffer_size(), 0u);
    this->transport->abort();
    this->kind.rig.run_until([&] { return this->kind.rig.ends == 1; });
    EXPECT_EQ(this->first.count("lost"), 1);
}

TEST(StreamHandOver, TheFactoryOfTheFirstWaitsForWhatItsCodeHasToTakeBack) {
    Recorder first;
    Recorder next;
    Streams kind;
    StreamTransport& transport = *kind.serve(first);
    const auto code = std::make_shared<int>(1);
    Recorder owner;
    owner.transport = &transport;
    transport.hand_over(owner.proto(), code);
    const std::string bytes(8'000'000, 'w');
    bool given_back = false;
    EXPECT_EQ(transport.write_owned(
                  {bytes.data(), bytes.size()},
                  [](void* flag) { *static_cast<bool*>(flag) = true; },
                  &given_back),
              PH_OK);
    next.transport = &transport;
    transport.hand_over(next.proto(), nullptr);
    EXPECT_FALSE(given_back);
    EXPECT_EQ(code.use_count(), 2);
    transport.abort();
    EXPECT_TRUE(given_back);
    EXPECT_EQ(code.use_count(), 1);
    kind.rig.run_until([&] { return kind.rig.ends == 1; });
}

TEST(DatagramHandOver, WhatABatchHadLeftGoesToTheNext) {
    DatagramRecorder first;
    DatagramRecorder next;
    Rig rig;
    DatagramPair pair = socket_pair();
    DatagramTransport& transport = serve(rig, first, std::move(pair.ours));
    next.transport = &transport;
    for (const char* text : {"1", "2", "3"}) pair.peer.send(text, {});
    first.on = [&](std::string_view event) {
        if (event == "data") transport.pause_reading();
        return PH_OK;
    };
    rig.run_until([&] { return first.count("data:1") == 1; });
    first.on = nullptr;
    transport.hand_over(next.proto(), nullptr);
    rig.run_until([&] { return next.events.size() == 3; });
    EXPECT_EQ(next.events, (Events{"made", "data:2", "data:3"}));
}

}  // namespace
}  // namespace protohost::net::testing

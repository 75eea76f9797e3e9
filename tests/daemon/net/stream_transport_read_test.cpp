// SPDX-License-Identifier: MIT
#include <string>
#include <sys/socket.h>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/net/rig.hpp"

namespace protohost::net::testing {
namespace {

using Events = std::vector<std::string>;

TEST(StreamTransportRead, PauseIsExactAndResumeNeverDeliversFromInside) {
    Recorder recorder;
    Rig rig;
    recorder.on = [&](std::string_view event) {
        if (event == "data") recorder.transport->pause_reading();
        return PH_OK;
    };
    auto [peer, transport] = rig.connect(recorder);
    peer.send("one");
    rig.run_until([&] { return recorder.count("data:one") == 1; });
    EXPECT_FALSE(transport->is_reading());
    peer.send("two");
    EXPECT_TRUE(rig.idle()) << "a paused transport is outside the set";
    EXPECT_EQ(recorder.received, "one");

    transport->resume_reading();
    EXPECT_EQ(recorder.received, "one");
    rig.run_until([&] { return recorder.received == "onetwo"; });
}

TEST(StreamTransportRead, PausingInConnectionMadeHoldsBackTheFirstByte) {
    Recorder recorder;
    Rig rig;
    recorder.on = [&](std::string_view event) {
        if (event == "made") recorder.transport->pause_reading();
        return PH_OK;
    };
    auto [peer, transport] = rig.connect(recorder);
    peer.send("early");
    EXPECT_TRUE(rig.idle());
    EXPECT_EQ(recorder.events, Events{"made"});
    transport->resume_reading();
    rig.run_until([&] { return recorder.received == "early"; });
}

TEST(StreamTransportRead, APausedPeersResetDoesNotSpinTheLoop) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder);
    transport->pause_reading();
    peer.reset();
    EXPECT_TRUE(rig.idle());
    EXPECT_EQ(recorder.events, Events{"made"});
    transport->resume_reading();
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.events.back(), "destroy");
}

TEST(StreamTransportRead, WhatArrivedBeforeTheEndIsDeliveredFirstAlsoAfterAPause) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder);
    transport->pause_reading();
    peer.send("kept");
    peer.close();
    EXPECT_TRUE(rig.idle());
    transport->resume_reading();
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.events, (Events{"made", "data:kept", "eof", "lost", "destroy"}));
}

TEST(StreamTransportRead, ResumeTwiceAndPauseTwiceAreHarmless) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder);
    transport->resume_reading();
    EXPECT_TRUE(transport->is_reading());
    transport->pause_reading();
    transport->pause_reading();
    EXPECT_FALSE(transport->is_reading());
    transport->resume_reading();
    peer.send("x");
    rig.run_until([&] { return recorder.received == "x"; });
}

TEST(StreamTransportRead, ALongStreamArrivesWholeAndInOrder) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder);
    std::string sent;
    for (int i = 0; sent.size() < (1 << 20); ++i) sent += std::to_string(i) + ",";
    std::jthread writer([&, &to = peer] {
        to.send(sent);
        to.shut_down();
    });
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_TRUE(recorder.received == sent);
}

TEST(BufferedProtocol, GetsItsBytesWhereItWantsThem) {
    Recorder recorder(true);
    Rig rig;
    recorder.buffer_size = 4;
    auto [peer, transport] = rig.connect(recorder);
    peer.send("abcdefg");
    peer.shut_down();
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.events,
              (Events{"made",
                      "get_buffer",
                      "updated:abcd",
                      "get_buffer",
                      "updated:efg",
                      "get_buffer",
                      "eof",
                      "lost",
                      "destroy"}));
}

TEST(BufferedProtocol, AnEmptyBufferIsAnError) {
    Recorder recorder(true);
    Rig rig;
    recorder.buffer_size = 0;
    auto [peer, transport] = rig.connect(recorder);
    peer.send("x");
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(rig.failures, Events{"get_buffer: get_buffer() returned an empty buffer"});
    EXPECT_EQ(recorder.count("lost:" + std::to_string(PH_E_INVAL)), 1u);
}

TEST(BufferedProtocol, ClosingInGetBufferReadsNothingMore) {
    Recorder recorder(true);
    Rig rig;
    recorder.on = [&](std::string_view event) {
        if (event == "get_buffer") recorder.transport->close();
        return PH_OK;
    };
    auto [peer, transport] = rig.connect(recorder);
    peer.send("x");
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.events, (Events{"made", "get_buffer", "lost", "destroy"}));
}

TEST(BufferedProtocol, FailingCallbacksEndTheConnection) {
    for (const std::string_view failing : {"get_buffer", "updated"}) {
        Recorder recorder(true);
        Rig rig;
        recorder.on = [&](std::string_view event) {
            return event == failing ? ph_status{PH_E_FAIL} : ph_status{PH_OK};
        };
        auto [peer, transport] = rig.connect(recorder);
        peer.send("x");
        rig.run_until([&] { return rig.ends == 1; });
        EXPECT_EQ(recorder.count("lost:" + std::to_string(PH_E_FAIL)), 1u) << failing;
    }
}

TEST(BufferedProtocol, SetProtocolMaySwitchBetweenTheStyles) {
    Recorder streaming;
    Recorder buffered(true);
    Rig rig;
    streaming.on = [&](std::string_view event) {
        if (event == "data") streaming.transport->set_protocol(buffered.proto());
        return PH_OK;
    };
    auto [peer, transport] = rig.connect(streaming);
    peer.send("a");
    rig.run_until([&] { return streaming.count("destroy") == 1; });
    peer.send("b");
    rig.run_until([&] { return buffered.received == "b"; });
}

/// Something else read first what the set announced: the transport's own read then finds nothing.
TEST(StreamTransportRead, AnEventWithoutBytesEndsNothing) {
    Recorder first;
    Recorder second;
    Rig rig;
    auto one = rig.connect(first);
    auto other = rig.connect(second);
    const auto steal = [](StreamTransport* from) {
        ph_info info{};
        from->get_extra_info("socket", info);
        char byte = 0;
        return ::recv(static_cast<int>(info.number), &byte, 1, MSG_DONTWAIT);
    };
    // Whichever comes first in the batch takes the other's byte away.
    ssize_t stolen = 0;
    first.on = [&](std::string_view event) {
        if (event == "data") stolen += steal(other.transport);
        return PH_OK;
    };
    second.on = [&](std::string_view event) {
        if (event == "data") stolen += steal(one.transport);
        return PH_OK;
    };
    one.peer.send("x");
    other.peer.send("x");
    rig.run_until([&] { return !(first.received + second.received).empty(); });
    rig.run_ready();
    EXPECT_EQ(stolen, 1);
    EXPECT_EQ(first.received + second.received, "x");
    EXPECT_EQ(first.count("lost") + second.count("lost"), 0u);
    EXPECT_TRUE(rig.idle());
}

}  // namespace
}  // namespace protohost::net::testing

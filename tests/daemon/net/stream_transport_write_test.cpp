// SPDX-License-Identifier: MIT
#include <array>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/net/rig.hpp"

namespace protohost::net::testing {
namespace {

using Events = std::vector<std::string>;

ph_status write(StreamTransport& transport, std::string_view text) {
    return transport.write(text.data(), text.size());
}

/// A recorder that does `what` when data arrives.
void on_data(Recorder& recorder, std::function<void()> what) {
    recorder.on = [what = std::move(what)](std::string_view event) {
        if (event == "data") what();
        return PH_OK;
    };
}

TEST(StreamTransportWrite, WhatOneCallbackWritesReachesThePeerTogether) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder);
    on_data(recorder, [&t = *transport] {
        for (const char* piece : {"many ", "small ", "writes"}) write(t, piece);
    });
    peer.send("x");
    rig.run_until([&] { return recorder.received == "x"; });
    EXPECT_EQ(peer.receive(), "many small writes");
}

TEST(StreamTransportWrite, WritesToSeveralTransportsInTurnAreGatheredForEach) {
    Recorder first;
    Recorder second;
    Rig rig;
    auto a = rig.connect(first);
    auto b = rig.connect(second);
    on_data(first, [&] {
        for (int i = 0; i < 3; ++i) {
            write(*a.transport, "a");
            write(*b.transport, "b");
        }
    });
    a.peer.send("x");
    rig.run_until([&] { return first.received == "x"; });
    EXPECT_EQ(a.peer.receive(), "aaa");
    EXPECT_EQ(b.peer.receive(), "bbb");
}

TEST(StreamTransportWrite, MoreThanTheScratchHoldsArrivesWholeAndInOrder) {
    Recorder first;
    Recorder second;
    Rig rig;
    auto a = rig.connect(first, {.high = 1 << 20, .low = 0});
    auto b = rig.connect(second, {.high = 1 << 20, .low = 0});
    std::string expected;
    on_data(first, [&] {
        for (int i = 0; i < 4000; ++i) {
            const std::string piece = std::to_string(i) + ";";
            expected += piece;
            write(*a.transport, piece);
            write(*b.transport, piece);
        }
        write(*a.transport, std::string(Gather::capacity + 1, 'z'));
        a.transport->close();
        b.transport->close();
    });
    a.peer.send("x");
    std::string at_a;
    std::string at_b;
    std::jthread read_a([&] { at_a = a.peer.receive_all(); });
    std::jthread read_b([&] { at_b = b.peer.receive_all(); });
    rig.run_until([&] { return rig.ends == 2; });
    read_a.join();
    read_b.join();
    EXPECT_TRUE(at_a == expected + std::string(Gather::capacity + 1, 'z'));
    EXPECT_TRUE(at_b == expected);
}

TEST(StreamTransportWrite, AskingForTheSizeSendsFirst) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder);
    on_data(recorder, [&t = *transport, &p = peer] {
        write(t, "sent");
        EXPECT_EQ(t.get_write_buffer_size(), 0u);
        EXPECT_EQ(p.receive(), "sent") << "in the kernel before the callback returns";
    });
    peer.send("x");
    rig.run_until([&] { return recorder.received == "x"; });
}

TEST(StreamTransportWrite, AbortKeepsWhatTheKernelWouldHaveTaken) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder);
    on_data(recorder, [&t = *transport] {
        write(t, "farewell");
        t.abort();
    });
    peer.send("x");
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(peer.receive_all(), "farewell");
}

TEST(StreamTransportWrite, PausesStrictlyOverHighAndResumesAtLow) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder, {.high = 1 << 20, .low = 0});
    Rig::fill(*transport);
    const std::size_t high = transport->get_write_buffer_size() + 100;
    ASSERT_EQ(transport->set_write_buffer_limits(static_cast<std::int64_t>(high), 50), PH_OK);
    write(*transport, std::string(100, 'x'));
    EXPECT_EQ(transport->get_write_buffer_size(), high);
    EXPECT_EQ(recorder.count("pause"), 0u) << "at the mark is not over it";
    write(*transport, "!");
    EXPECT_EQ(recorder.count("pause"), 1u) << "from inside write";
    write(*transport, "!");
    EXPECT_EQ(recorder.count("pause"), 1u);

    std::size_t at_resume = 1000;
    recorder.on = [&, &t = *transport](std::string_view event) {
        if (event == "resume") at_resume = t.get_write_buffer_size();
        return PH_OK;
    };
    std::jthread reader([&from = peer] { from.receive_all(); });
    rig.run_until([&] { return recorder.count("resume") == 1; });
    EXPECT_LE(at_resume, 50u);
    transport->close();
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.count("pause"), 1u);
    EXPECT_EQ(recorder.count("resume"), 1u);
}

TEST(StreamTransportWrite, HighZeroPausesAsSoonAsTheKernelRefuses) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder);
    ASSERT_EQ(transport->set_write_buffer_limits(0, -1), PH_OK);
    EXPECT_EQ(recorder.count("pause"), 0u) << "an empty buffer is not over zero";
    Rig::fill(*transport);
    EXPECT_EQ(recorder.count("pause"), 1u);
}

TEST(StreamTransportWrite, LimitsFollowAsynciosRules) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder, {.high = 1000, .low = 10});
    const auto limits = [&t = *transport] {
        std::size_t low = 0;
        std::size_t high = 0;
        t.get_write_buffer_limits(low, high);
        return std::array{low, high};
    };
    EXPECT_EQ(limits(), (std::array<std::size_t, 2>{10, 1000}));
    EXPECT_EQ(transport->set_write_buffer_limits(400, -1), PH_OK);
    EXPECT_EQ(limits(), (std::array<std::size_t, 2>{100, 400}));
    EXPECT_EQ(transport->set_write_buffer_limits(-1, 7), PH_OK);
    EXPECT_EQ(limits(), (std::array<std::size_t, 2>{7, 28}));
    EXPECT_EQ(transport->set_write_buffer_limits(1, 2), PH_E_INVAL);
    EXPECT_EQ(transport->set_write_buffer_limits(-5, -1), PH_E_INVAL);
    EXPECT_EQ(limits(), (std::array<std::size_t, 2>{7, 28}));
    EXPECT_EQ(transport->set_write_buffer_limits(-1, -1), PH_OK);
    EXPECT_EQ(limits(), (std::array<std::size_t, 2>{10, 1000}));
}

TEST(StreamTransportWrite, LoweringTheLimitUnderTheSizePausesAtOnceAndRaisingDoesNotResume) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder, {.high = 1 << 20, .low = 0});
    Rig::fill(*transport);
    EXPECT_EQ(recorder.count("pause"), 0u);
    EXPECT_EQ(transport->set_write_buffer_limits(1, -1), PH_OK);
    EXPECT_EQ(recorder.count("pause"), 1u);
    EXPECT_EQ(transport->set_write_buffer_limits(1 << 20, 1 << 20), PH_OK);
    EXPECT_EQ(recorder.count("resume"), 0u);
}

TEST(StreamTransportWrite, FailingInPauseOrResumeEndsTheConnection) {
    for (const std::string_view failing : {"pause", "resume"}) {
        Recorder recorder;
        Rig rig;
        recorder.on = [&](std::string_view event) {
            return event == failing ? ph_status{PH_E_FAIL} : ph_status{PH_OK};
        };
        auto [peer, transport] = rig.connect(recorder, {.high = 0, .low = 0});
        Rig::fill(*transport);
        std::jthread reader([&from = peer] { from.receive_all(); });
        rig.run_until([&] { return rig.ends == 1; });
        EXPECT_EQ(recorder.count("lost:" + std::to_string(PH_E_FAIL)), 1u) << failing;
    }
}

TEST(StreamTransportWrite, ClosingInResumeWhenTheBufferIsEmptyEndsOnce) {
    Recorder recorder;
    Rig rig;
    recorder.on = [&](std::string_view event) {
        if (event == "resume") recorder.transport->close();
        return PH_OK;
    };
    auto [peer, transport] = rig.connect(recorder, {.high = 0, .low = 0});
    Rig::fill(*transport);
    std::jthread reader([&from = peer] { from.receive_all(); });
    rig.run_until([&] { return rig.ends == 1; });
    rig.run_ready();
    EXPECT_EQ(recorder.count("lost"), 1u);
    EXPECT_EQ(rig.ends, 1u);
}

TEST(StreamTransportWrite, AbortingInPauseResumesNothing) {
    Recorder recorder;
    Rig rig;
    recorder.on = [&](std::string_view event) {
        if (event == "pause") recorder.transport->abort();
        return PH_OK;
    };
    auto [peer, transport] = rig.connect(recorder, {.high = 0, .low = 0});
    while (!transport->is_closing()) write(*transport, std::string(4096, 'x'));
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.events, (Events{"made", "pause", "lost", "destroy"}));
}

TEST(StreamTransportWrite, WriteEofFlushesThenHalfClosesAndReadingGoesOn) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder, {.high = 1 << 20, .low = 0});
    Rig::fill(*transport);
    EXPECT_EQ(transport->write_eof(), PH_OK);
    EXPECT_EQ(transport->write_eof(), PH_OK);
    EXPECT_EQ(write(*transport, "late"), PH_E_EOF_WRITTEN);
    EXPECT_EQ(transport->write(nullptr, 0), PH_E_EOF_WRITTEN);
    EXPECT_FALSE(transport->is_closing());
    std::jthread reader([&from = peer] {
        from.receive_all();
        from.send("after your end");
        from.shut_down();
    });
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.received, "after your end");
}

TEST(StreamTransportWrite, PolicyAbortEndsTheConnectionAtTheHardLimit) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder, {.high = 1000, .low = 0, .limit = 50000});
    EXPECT_EQ(write(*transport, std::string(50001, 'x')), PH_E_LIMIT);
    EXPECT_EQ(write(*transport, "x"), PH_E_CLOSED);
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.count("lost:" + std::to_string(PH_E_LIMIT)), 1u);
    EXPECT_EQ(rig.limits_reached, 1u);
    EXPECT_EQ(peer.receive_all(), "");
}

TEST(StreamTransportWrite, PolicyRefuseKeepsTheConnectionAndReportsOnce) {
    Recorder recorder;
    Rig rig;
    model::WriteBuffer limits{.high = 1000, .low = 0, .limit = 50000};
    limits.policy = model::WriteBuffer::Policy::refuse;
    auto [peer, transport] = rig.connect(recorder, limits);
    EXPECT_EQ(write(*transport, std::string(50001, 'x')), PH_E_LIMIT);
    EXPECT_EQ(write(*transport, std::string(50001, 'x')), PH_E_LIMIT);
    EXPECT_EQ(write(*transport, "small"), PH_OK);
    EXPECT_EQ(peer.receive(), "small");
    EXPECT_EQ(rig.limits_reached, 1u);
    EXPECT_EQ(transport->traffic().dropped, 100002u);
}

TEST(StreamTransportWrite, OwnedBytesAreReleasedExactlyOnce) {
    static int releases;
    const auto release = [](void*) { ++releases; };
    const std::string block(200000, 'o');
    const ph_iov large{block.data(), block.size()};
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder);

    releases = 0;
    EXPECT_EQ(transport->write_owned({"now", 3}, release, nullptr), PH_OK);
    EXPECT_EQ(releases, 1) << "sent at once";
    EXPECT_EQ(transport->write_owned(large, release, nullptr), PH_OK);
    EXPECT_EQ(releases, 1) << "kept while the kernel refuses";
    EXPECT_EQ(write(*transport, "behind"), PH_OK);

    std::string arrived;
    std::jthread reader([&, &from = peer] {
        while (arrived.size() < 3 + block.size() + 6) arrived += from.receive();
    });
    rig.run_until([t = transport] { return t->get_write_buffer_size() == 0; });
    reader.join();
    EXPECT_EQ(releases, 2);
    EXPECT_TRUE(arrived == "now" + block + "behind");

    EXPECT_EQ(transport->write_owned(large, release, nullptr), PH_OK);
    transport->abort();
    EXPECT_EQ(releases, 3) << "dropped";
    EXPECT_EQ(transport->write_owned(large, release, nullptr), PH_E_CLOSED);
    EXPECT_EQ(releases, 4) << "refused";
}

TEST(StreamTransportWrite, WritelinesIsASequenceOfWrites) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder);
    on_data(recorder, [&t = *transport] {
        const std::array<ph_iov, 4> pieces{{{"one ", 4}, {"", 0}, {nullptr, 0}, {"two", 3}}};
        EXPECT_EQ(t.writelines(pieces.data(), pieces.size()), PH_OK);
        EXPECT_EQ(t.writelines(nullptr, 0), PH_OK);
    });
    peer.send("x");
    rig.run_until([&] { return recorder.received == "x"; });
    EXPECT_EQ(peer.receive(), "one two");
}

TEST(StreamTransportWrite, APeerThatIsGoneIsToldInConnectionLost) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder);
    transport->pause_reading();
    peer.reset();
    ph_status status = PH_OK;
    while (status == PH_OK) status = write(*transport, "into the void");
    EXPECT_EQ(status, PH_E_CLOSED);
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.events.at(1).substr(0, 5), "lost:");
}

TEST(StreamTransportWrite, ASlowReaderGetsEveryByteInOrder) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder, {.high = 10000, .low = 1000});
    std::string sent;
    const auto write_until_paused = [&, &t = *transport] {
        while (sent.size() < 1500000 && recorder.count("pause") == recorder.count("resume")) {
            const std::string piece = std::to_string(sent.size()) + "|";
            sent += piece;
            write(t, piece);
        }
        if (sent.size() >= 1500000) t.close();
    };
    recorder.on = [&](std::string_view event) {
        if (event == "resume") write_until_paused();
        return PH_OK;
    };
    std::string arrived;
    std::jthread reader([&, &from = peer] {
        for (std::string some = from.receive(1000); !some.empty(); some = from.receive(1000)) {
            arrived += some;
        }
    });
    write_until_paused();
    rig.run_until([&] { return rig.ends == 1; });
    // Where that failed, the reader must still come to its end.
    if (rig.ends == 0) transport->abort();
    rig.run_until([&] { return rig.ends == 1; });
    reader.join();
    EXPECT_TRUE(arrived == sent);
    EXPECT_GT(recorder.count("pause"), 10u);
}

TEST(StreamTransportWrite, WhatWaitsIsACopy) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder);
    Rig::fill(*transport);
    std::string bytes(1000, 'a');
    ASSERT_EQ(transport->write(bytes.data(), bytes.size()), PH_OK);
    bytes.assign(bytes.size(), 'b');
    transport->close();
    std::string received = rig.run_reading(peer, [&] { return rig.ends == 1; });
    received += peer.receive_all();
    ASSERT_GE(received.size(), 1000u);
    EXPECT_EQ(received.substr(received.size() - 1000), std::string(1000, 'a'));
}

TEST(StreamTransportWrite, NothingWaitingLetsTheLoopSleep) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder);
    EXPECT_TRUE(rig.idle()) << "the socket can be written to, which is nobody's business";
    Rig::fill(*transport);
    rig.run_reading(peer, [&] { return transport->get_write_buffer_size() == 0; });
    EXPECT_TRUE(rig.idle()) << "what waited has left";
}

}  // namespace
}  // namespace protohost::net::testing

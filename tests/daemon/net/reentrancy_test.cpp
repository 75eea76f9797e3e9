// SPDX-License-Identifier: MIT
#include <cerrno>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/base/failure.hpp"
#include "daemon/net/acceptor.hpp"
#include "daemon/net/write_queue.hpp"
#include "tests/daemon/net/rig.hpp"

namespace protohost::net::testing {
namespace {

TEST(WriteQueue, ReleasingMayClearTheQueueFromInsideConsume) {
    WriteBudget budget;
    WriteQueue queue(budget);
    const std::string first = "first";
    ASSERT_TRUE(queue.append_owned(
        first.data(), first.size(), [](void* q) { static_cast<WriteQueue*>(q)->clear(); }, &queue));
    ASSERT_TRUE(queue.append("second", 6));
    queue.consume(11);
    EXPECT_TRUE(queue.empty());
}

TEST(StreamTransportWrite, ClosingWhenOwnedBytesAreReleasedEndsInOrder) {
    Recorder recorder;
    Rig rig;
    auto connection = rig.connect(recorder);
    Peer& peer = connection.peer;
    StreamTransport* const transport = connection.transport;
    Rig::fill(*transport);
    const std::string owned(10, 'o');
    transport->write_owned(
        {owned.data(), owned.size()},
        [](void* t) { static_cast<StreamTransport*>(t)->close(); },
        transport);
    transport->write("tail", 4);
    std::string all = rig.run_reading(peer, [&] { return recorder.count("lost") == 1; });
    all += peer.receive_all();
    EXPECT_EQ(all.substr(all.size() - 14), owned + "tail");
}

TEST(StreamTransportWrite, AbortingWhenOwnedBytesAreReleasedEndsOnce) {
    Recorder recorder;
    Rig rig;
    auto connection = rig.connect(recorder);
    Peer& peer = connection.peer;
    StreamTransport* const transport = connection.transport;
    Rig::fill(*transport);
    const std::string owned(10, 'o');
    transport->write_owned(
        {owned.data(), owned.size()},
        [](void* t) { static_cast<StreamTransport*>(t)->abort(); },
        transport);
    transport->write("tail", 4);
    rig.run_reading(peer, [&] { return recorder.count("lost") == 1; });
}

TEST(StreamTransportWrite, WhatReleasingOwnedBytesThrowsStaysInside) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder);
    Rig::fill(*transport);
    EXPECT_EQ(transport->write_owned(
                  {"owned", 5}, [](void*) { throw std::runtime_error("of a release"); }, nullptr),
              PH_OK);
    EXPECT_NO_THROW(transport->abort());
}

TEST(BufferedProtocol, SetProtocolInGetBufferNeverCallsWhatTheNextOneLacks) {
    Recorder streaming;
    Recorder buffered(true);
    Rig rig;
    auto [peer, transport] = rig.connect(buffered);
    buffered.on = [&, t = transport](std::string_view event) {
        if (event == "get_buffer") t->set_protocol(streaming.proto());
        return PH_OK;
    };
    peer.send("hello");
    rig.run_until([&] { return streaming.received == "hello"; });
    EXPECT_EQ(buffered.received, "");
}

TEST(BufferedProtocol, SetProtocolInGetBufferMayKeepSelfAndChangeTheTable) {
    Recorder streaming;
    Recorder buffered(true);
    ph_stream_ops table = *reinterpret_cast<const ph_stream_ops*>(streaming.proto().ops);
    Rig rig;
    auto [peer, transport] = rig.connect(buffered);
    buffered.on = [&, t = transport](std::string_view event) {
        if (event == "get_buffer") {
            t->set_protocol({reinterpret_cast<const ph_any_ops*>(&table), &buffered});
        }
        return PH_OK;
    };
    peer.send("hello");
    rig.run_until([&] { return buffered.received == "hello"; });
}

TEST(BufferedProtocol, SetProtocolInGetBufferGivesTheNextOneItsOwnBuffer) {
    Recorder next(true);
    Recorder buffered(true);
    Rig rig;
    auto [peer, transport] = rig.connect(buffered);
    buffered.on = [&, t = transport](std::string_view event) {
        if (event == "get_buffer") t->set_protocol(next.proto());
        return PH_OK;
    };
    peer.send("hello");
    rig.run_until([&] { return next.received.size() == 5; });
    EXPECT_EQ(next.received, "hello");
    EXPECT_EQ(next.events.front(), "get_buffer");
}

TEST(StreamTransportLife, SetProtocolToTheSameOneKeepsItAlive) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder);
    EXPECT_EQ(transport->set_protocol(transport->get_protocol()), PH_OK);
    rig.run_ready();
    EXPECT_EQ(recorder.count("destroy"), 0u);
    peer.close();
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.count("destroy"), 1u);
}

TEST(StreamTransportLife, SetProtocolInConnectionLostDestroysEachOnce) {
    Recorder next;
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder);
    recorder.on = [&, t = transport](std::string_view event) {
        if (event == "lost") t->set_protocol(next.proto());
        return PH_OK;
    };
    peer.close();
    rig.run_until([&] { return rig.ends == 1; });
    rig.run_ready();
    EXPECT_EQ(recorder.count("destroy"), 1u);
    EXPECT_EQ(next.count("destroy"), 1u);
    EXPECT_EQ(next.count("lost"), 0u);
}

TEST(StreamTransportLife, ATextSetWithoutAFailureIsNotTheNextFailures) {
    Recorder recorder;
    recorder.on = [](std::string_view event) -> ph_status {
        if (event == "data") base::set_failure("said, and then mended");
        return event == "eof" ? PH_E_FAIL : PH_OK;
    };
    Rig rig;
    auto [peer, transport] = rig.connect(recorder);
    peer.send("x");
    rig.run_until([&] { return recorder.received == "x"; });
    peer.close();
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(rig.failures, std::vector<std::string>{"eof_received: failed without saying why"});
}

TEST(StreamTransportLife, ANestedCallbackLeavesTheFailureOfTheOuterOne) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder, {.high = 0, .low = 0});
    recorder.on = [&, t = transport](std::string_view event) -> ph_status {
        if (event != "data") return PH_OK;
        base::set_failure("no such command");
        Rig::fill(*t);
        return PH_E_FAIL;
    };
    peer.send("x");
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.count("pause"), 1u);
    EXPECT_EQ(rig.failures, std::vector<std::string>{"data_received: no such command"});
}

TEST(StreamTransportWrite, GatheringDoesNotPassTheHardLimit) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(
        recorder,
        {.high = 100, .low = 10, .limit = 1000, .policy = model::WriteBuffer::Policy::refuse});
    std::size_t most = 0;
    recorder.on = [&, t = transport](std::string_view event) {
        if (event != "data") return PH_OK;
        t->set_write_buffer_limits(1 << 20, -1);
        const std::string block(1000, 'b');
        for (int i = 0; i < 1000 && most == 0; ++i) {
            // Gathered together; the kernel of the rig does not take as much once it is full.
            for (int j = 0; j < 15; ++j) t->write(block.data(), block.size());
            most = t->get_write_buffer_size();
        }
        return PH_OK;
    };
    peer.send("x");
    rig.run_until([&] { return recorder.received == "x"; });
    EXPECT_GT(most, 0u);
    EXPECT_LE(most, 1000u);
}

TEST(StreamTransportWrite, EveryByteIsSentOrDroppedWhenTheSetCannotBeChanged) {
    Recorder writer;
    Recorder recorder;
    Rig rig;
    auto other = rig.connect(writer).peer;
    auto [peer, transport] = rig.connect(recorder, {.high = 65536, .low = 10, .limit = 65536});
    ph_info info{};
    ASSERT_EQ(transport->get_extra_info("socket", info), PH_OK);
    // Behind the transport's back, so that its next change of the set fails.
    ASSERT_EQ(rig.loop.set().change(static_cast<int>(info.number), EPOLLIN, 0, *transport), 0);
    const std::string gathered(16 * 1024, 'g');
    const std::string more(60 * 1024, 'm');
    std::uint64_t sent = 0;
    std::uint64_t dropped = 0;
    writer.on = [&, t = transport](std::string_view event) {
        if (event != "data") return PH_OK;
        EXPECT_EQ(t->write(gathered.data(), gathered.size()), PH_OK);
        EXPECT_EQ(t->write(more.data(), more.size()), PH_E_CLOSED);
        return PH_OK;
    };
    recorder.on = [&, t = transport](std::string_view event) {
        if (event == "lost") sent = t->traffic().sent;
        if (event == "lost") dropped = t->traffic().dropped;
        return PH_OK;
    };
    other.send("x");
    rig.run_until([&] { return recorder.count("destroy") == 1; });
    EXPECT_EQ(recorder.count("lost:" + std::to_string(ENOENT)), 1u);
    EXPECT_EQ(sent + dropped, gathered.size() + more.size());
    EXPECT_LT(sent, gathered.size());
}

class Counter final : public AcceptorOwner {
public:
    void accepted(base::Descriptor socket, const SocketAddress&) override {
        sockets.push_back(std::move(socket));
    }
    void accepting_suspended(int) override {}
    void accepting_resumed(unsigned) override {}
    std::vector<base::Descriptor> sockets;
};

TEST(Acceptor, ThatIsStoppedAcceptsNobodyWhoAlreadyWaits) {
    Rig rig;
    Counter counter;
    auto bound = Acceptor::bind(rig.loop, {.host = "127.0.0.1", .port = 0}, {}, "test");
    ASSERT_TRUE(bound);
    auto acceptor = std::move(bound->front());
    acceptor->start(counter);
    rig.run_ready();
    const base::Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::connect(client.get(), acceptor->local().data(), acceptor->local().size()), 0);
    acceptor->stop();
    acceptor->stop();
    rig.loop.retire(std::move(acceptor));
    rig.run_ready();
    EXPECT_EQ(counter.sockets.size(), 0u);
}

TEST(StreamTransportWrite, EofAfterAResetTellsTheReset) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder);
    peer.reset();
    transport->write_eof();
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.count("lost:" + std::to_string(ECONNRESET)), 1u)
        << ::testing::PrintToString(recorder.events);
}

TEST(StreamTransportWrite, EveryPieceThatWritelinesDropsIsCounted) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder);
    transport->abort();
    const ph_iov pieces[] = {{"one", 3}, {"three", 5}};
    EXPECT_EQ(transport->writelines(pieces, 2), PH_E_CLOSED);
    EXPECT_EQ(transport->traffic().dropped, 8u);
}

TEST(StreamTransportWrite, ResumeThatWritesOnAClosingTransportIsSentBeforeTheEnd) {
    Recorder recorder;
    Rig rig;
    auto connection = rig.connect(recorder, {.high = 0, .low = 0});
    Peer& peer = connection.peer;
    StreamTransport* const transport = connection.transport;
    recorder.on = [&, t = transport](std::string_view event) {
        if (event == "resume") t->write("last words", 10);
        return PH_OK;
    };
    Rig::fill(*transport);
    transport->close();
    std::string all = rig.run_reading(peer, [&] { return rig.ends == 1; });
    all += peer.receive_all();
    EXPECT_TRUE(all.ends_with("last words"));
}

TEST(StreamTransportRead, APeerThatIsGoneAfterAKeptEofDoesNotSpinTheLoop) {
    Recorder recorder;
    recorder.keep_open_at_eof = true;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder);
    peer.shut_down();
    rig.run_until([&] { return recorder.count("eof") == 1; });
    transport->write_eof();
    EXPECT_TRUE(rig.idle());
    peer.reset();
    EXPECT_TRUE(rig.idle());
    EXPECT_FALSE(transport->is_closing());
}

TEST(StreamTransportRead, APausedPeersEndWhileBytesWaitDoesNotSpinTheLoop) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder);
    transport->pause_reading();
    Rig::fill(*transport);
    peer.send("unread");
    peer.shut_down();
    EXPECT_TRUE(rig.idle());
    EXPECT_EQ(recorder.count("eof"), 0u);
    peer.reset();
    rig.run_until([&] { return rig.ends == 1; });
}

TEST(StreamTransportLife, CallbacksMayEndEachOtherInOneBatch) {
    std::vector<Recorder> recorders(8);
    Rig rig;
    std::vector<Rig::Connection> connections;
    for (auto& recorder : recorders) connections.push_back(rig.connect(recorder));
    for (auto& recorder : recorders) {
        recorder.on = [&](std::string_view event) {
            if (event != "data") return PH_OK;
            for (auto& other : connections) {
                other.transport->write("bye", 3);
                other.transport->abort();
            }
            return PH_OK;
        };
    }
    for (auto& connection : connections) connection.peer.send("x");
    rig.run_until([&] { return rig.ends == 8; });
    std::size_t got = 0;
    for (auto& recorder : recorders) {
        got += recorder.received.size();
        EXPECT_EQ(recorder.count("lost"), 1u);
        EXPECT_EQ(recorder.count("destroy"), 1u);
    }
    EXPECT_EQ(got, 1u);
}

}  // namespace
}  // namespace protohost::net::testing

// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cerrno>
#include <string>
#include <sys/socket.h>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/base/failure.hpp"
#include "tests/daemon/net/datagram_rig.hpp"

namespace protohost::net {
namespace {

using testing::bound;
using testing::connected;
using testing::DatagramPeer;
using testing::DatagramRecorder;
using testing::local_of;
using testing::Rig;
using testing::send_by;
using testing::serve;
using testing::udp;
using testing::unixgram_abstract;
using Strings = std::vector<std::string>;

Strings numbers(int from, int to) {
    Strings result;
    for (int i = from; i < to; ++i) result.push_back(std::to_string(i));
    return result;
}

class DatagramReceive : public ::testing::Test {
protected:
    DatagramTransport& start(DatagramSocket socket) {
        return serve(rig, recorder, std::move(socket));
    }
    DatagramTransport& start() { return start(bound(udp())); }

    void send_numbers(int from, int to) {
        for (const auto& text : numbers(from, to)) peer.send(text, local_of(*recorder.transport));
    }
    void receive(std::size_t count) {
        rig.run_until([&] { return recorder.received.size() >= count; });
    }

    // What they do on a callback refers to a test that is over when the rig ends.
    void TearDown() override {
        recorder.on = nullptr;
        other.on = nullptr;
    }

    DatagramRecorder recorder;
    DatagramRecorder other;
    ph_datagram_ops bare{};
    Rig rig;
    DatagramPeer peer;
};

TEST_F(DatagramReceive, BringsEachDatagramWholeWithItsSender) {
    auto& transport = start();
    DatagramPeer second;
    const std::string largest(65507, 'L');
    peer.send("one", local_of(transport));
    second.send("two", local_of(transport));
    peer.send("", local_of(transport));
    peer.send(largest, local_of(transport));
    receive(4);
    EXPECT_EQ(recorder.received, (Strings{"one", "two", "", largest}));
    ASSERT_EQ(recorder.senders.size(), 4U);
    EXPECT_EQ(recorder.senders[0], peer.address());
    EXPECT_EQ(recorder.senders[1], second.address());
    EXPECT_EQ(recorder.senders[2], peer.address());
    EXPECT_EQ(transport.traffic().received, 6U + largest.size());
}

TEST_F(DatagramReceive, KnowsIPv6) {
    auto& transport = start(bound(udp("::1")));
    DatagramPeer six(DatagramPeer::Kind::v6);
    six.send("over six", local_of(transport));
    receive(1);
    EXPECT_EQ(recorder.received, Strings{"over six"});
    EXPECT_EQ(recorder.senders.front(), six.address());
}

TEST_F(DatagramReceive, KnowsUnixSocketsAlsoUnnamedOnes) {
    auto& transport = start(bound(unixgram_abstract("datagram_receive_test")));
    DatagramPeer named(DatagramPeer::Kind::local);
    DatagramPeer unnamed(base::Descriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)));
    const std::string large(200 * 1000, 'l');  // UNIX sockets know no 64 KiB
    named.send("named", local_of(transport));
    unnamed.send("unnamed", local_of(transport));
    receive(2);
    named.send(large, local_of(transport));
    receive(3);
    EXPECT_EQ(recorder.received, (Strings{"named", "unnamed", large}));
    EXPECT_EQ(recorder.senders[0], named.address());
    EXPECT_EQ(recorder.senders[1].family(), AF_UNSPEC);
}

TEST_F(DatagramReceive, NeverBringsHalfADatagram) {
    auto& transport = start(bound(unixgram_abstract("datagram_receive_test")));
    DatagramPeer sender(DatagramPeer::Kind::local);
    const int room = 1024 * 1024;
    ::setsockopt(sender.fd(), SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    sender.send("before", local_of(transport));
    sender.send(std::string(500 * 1000, 'x'), local_of(transport));
    sender.send("after", local_of(transport));
    receive(2);
    rig.run_ready();
    EXPECT_EQ(recorder.received, (Strings{"before", "after"}));
    EXPECT_EQ(recorder.count("error:" + std::to_string(EMSGSIZE)), 1U);
    EXPECT_EQ(recorder.destinations.front().family(), AF_UNSPEC);
}

TEST_F(DatagramReceive, TakesTurnsWithOtherTransportsBatchByBatch) {
    start();
    serve(rig, other, bound(udp()));
    std::string turns;
    recorder.on = [&](std::string_view) -> ph_status { return turns += 'a', PH_OK; };
    other.on = [&](std::string_view) -> ph_status { return turns += 'b', PH_OK; };
    send_numbers(0, 80);
    for (const auto& text : numbers(0, 80)) peer.send(text, local_of(*other.transport));
    rig.run_until([&] { return turns.size() == 160; });
    EXPECT_EQ(recorder.received, numbers(0, 80));
    EXPECT_EQ(other.received, numbers(0, 80));
    turns.erase(std::unique(turns.begin(), turns.end()), turns.end());
    EXPECT_GE(turns.size(), 6U) << "80 are three batches, and the other has its turn between them";
}

TEST_F(DatagramReceive, HearsNobodyButTheRemoteItIsConnectedTo) {
    auto& transport = start(connected(peer.address()));
    DatagramPeer stranger;
    stranger.send("from a stranger", local_of(transport));
    peer.send("from the remote", local_of(transport));
    receive(1);
    rig.run_ready();
    EXPECT_EQ(recorder.received, Strings{"from the remote"});
}

TEST_F(DatagramReceive, DeliversNothingAfterPauseReadingAndLosesNothing) {
    auto& transport = start();
    recorder.on = [&](std::string_view) -> ph_status {
        if (recorder.received.size() % 3 == 0) transport.pause_reading();
        return PH_OK;
    };
    send_numbers(0, 10);
    receive(3);
    rig.run_ready();
    EXPECT_EQ(recorder.received, numbers(0, 3));
    EXPECT_FALSE(transport.is_reading());

    send_numbers(10, 12);  // newer ones wait behind those that were received and kept
    transport.resume_reading();
    EXPECT_EQ(recorder.received, numbers(0, 3)) << "never from inside resume_reading";
    receive(6);
    rig.run_ready();
    EXPECT_EQ(recorder.received, numbers(0, 6));

    while (recorder.received.size() < 12) {
        const std::size_t before = recorder.received.size();
        transport.resume_reading();
        receive(before + 3);
        rig.run_ready();
        ASSERT_EQ(recorder.received.size(), before + 3);
    }
    EXPECT_EQ(recorder.received, numbers(0, 12));
    for (const auto& sender : recorder.senders) EXPECT_EQ(sender, peer.address());
    EXPECT_EQ(transport.traffic().received, 14U) << "each counted once";
}

TEST_F(DatagramReceive, GoesOnInTheSameBatchWhenResumedInTheSameCallback) {
    auto& transport = start();
    recorder.on = [&](std::string_view) -> ph_status {
        transport.pause_reading();
        transport.resume_reading();
        return PH_OK;
    };
    send_numbers(0, 10);
    receive(10);
    EXPECT_EQ(recorder.received, numbers(0, 10));
}

TEST_F(DatagramReceive, IsQuietWhilePaused) {
    auto& transport = start();
    transport.pause_reading();
    send_numbers(0, 40);
    EXPECT_TRUE(rig.idle());
    EXPECT_TRUE(recorder.received.empty());
    transport.resume_reading();
    transport.resume_reading();
    receive(40);
    EXPECT_EQ(recorder.received, numbers(0, 40));
    EXPECT_TRUE(rig.idle());
}

TEST_F(DatagramReceive, DeliversNothingAfterCloseInTheMiddleOfABatch) {
    auto& transport = start();
    recorder.on = [&](std::string_view event) -> ph_status {
        if (event == "data") transport.close();
        return PH_OK;
    };
    send_numbers(0, 5);
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.events, (Strings{"made", "data:0", "lost", "destroy"}));
}

TEST_F(DatagramReceive, DeliversNothingAfterAbortInTheMiddleOfABatch) {
    auto& transport = start();
    recorder.on = [&](std::string_view event) -> ph_status {
        if (event == "data") transport.abort();
        return PH_OK;
    };
    send_numbers(0, 5);
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.events, (Strings{"made", "data:0", "lost", "destroy"}));
}

TEST_F(DatagramReceive, DropsWhatItKeptWhenClosedWhilePaused) {
    auto& transport = start();
    recorder.on = [&](std::string_view event) -> ph_status {
        if (event == "data") transport.pause_reading();
        return PH_OK;
    };
    send_numbers(0, 5);
    receive(1);
    transport.close();
    transport.resume_reading();
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.events, (Strings{"made", "data:0", "lost", "destroy"}));
}

TEST_F(DatagramReceive, StopsWhenClosedWhileDeliveringWhatItKept) {
    auto& transport = start();
    recorder.on = [&](std::string_view event) -> ph_status {
        if (event == "data" && recorder.received.size() == 1) transport.pause_reading();
        if (event == "data" && recorder.received.size() == 3) {
            transport.close();
            EXPECT_EQ(recorder.received.back(), "2");
        }
        return PH_OK;
    };
    send_numbers(0, 8);
    receive(1);
    transport.resume_reading();
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.events, (Strings{"made", "data:0", "data:1", "data:2", "lost", "destroy"}));
}

TEST_F(DatagramReceive, HandsTheRestOfABatchToTheNextProtocol) {
    auto& transport = start();
    other.transport = &transport;
    recorder.on = [&](std::string_view event) -> ph_status {
        if (event != "data") return PH_OK;
        return transport.set_protocol(other.proto());
    };
    send_numbers(0, 5);
    rig.run_until([&] { return other.received.size() == 4; });
    rig.run_ready();
    EXPECT_EQ(recorder.events, (Strings{"made", "data:0", "destroy"})) << "neither is told";
    EXPECT_EQ(other.received, numbers(1, 5));
    EXPECT_EQ(other.events.front(), "data:1");
}

TEST_F(DatagramReceive, TakesNoProtocolOfAnotherKind) {
    testing::Recorder stream;
    auto& transport = start();
    EXPECT_EQ(transport.set_protocol(stream.proto()), PH_E_INVAL);
    EXPECT_EQ(transport.set_protocol({nullptr, nullptr}), PH_E_INVAL);
    EXPECT_TRUE(transport.get_protocol().self == &recorder);
    EXPECT_EQ(transport.set_protocol(recorder.proto()), PH_OK);
    rig.run_ready();
    EXPECT_EQ(recorder.count("destroy"), 0U) << "the same one is not replaced by itself";
}

TEST_F(DatagramReceive, LivesOnWhenACallbackFails) {
    auto& transport = start();
    recorder.on = [&](std::string_view event) -> ph_status {
        if (event != "data" || recorder.received.size() % 2 == 0) return PH_OK;
        base::set_failure("cannot stand " + recorder.received.back());
        return PH_E_EXCEPTION;
    };
    send_numbers(0, 4);
    receive(4);
    EXPECT_EQ(recorder.received, numbers(0, 4));
    EXPECT_EQ(rig.failures,
              (Strings{"datagram_received: cannot stand 0", "datagram_received: cannot stand 2"}));
    EXPECT_FALSE(transport.is_closing());
}

TEST_F(DatagramReceive, MistakesNoTextOfOneCallbackForAnothers) {
    start();
    recorder.on = [&](std::string_view) -> ph_status {
        if (recorder.received.size() == 1) {
            base::set_failure("said, and all is well");
            return PH_OK;
        }
        return recorder.received.size() == 2 ? PH_E_FAIL : PH_OK;
    };
    send_numbers(0, 2);
    receive(2);
    EXPECT_EQ(rig.failures, Strings{"datagram_received: failed without saying why"});
}

TEST_F(DatagramReceive, TellsThatTheRemoteRefusesAndLivesOn) {
    auto& transport = start(connected(peer.address()));
    const SocketAddress gone = peer.address();
    peer.close();
    EXPECT_EQ(send_by(transport, "anybody there?"), PH_OK);
    rig.run_until([&] { return recorder.count("error:" + std::to_string(ECONNREFUSED)) == 1; });
    EXPECT_EQ(recorder.destinations.front(), gone);
    EXPECT_FALSE(transport.is_closing());
    EXPECT_TRUE(rig.idle());
    EXPECT_EQ(recorder.events.size(), 2U) << "once for each";
}

TEST_F(DatagramReceive, DoesNotSpinWhenRefusedWhilePaused) {
    auto& transport = start(connected(peer.address()));
    peer.close();
    transport.pause_reading();
    EXPECT_EQ(send_by(transport, "anybody there?"), PH_OK);
    EXPECT_TRUE(rig.idle());
    EXPECT_EQ(recorder.events, Strings{"made"});
    transport.resume_reading();
    rig.run_until([&] { return recorder.events.size() == 2; });
    EXPECT_EQ(recorder.events.back(), "error:" + std::to_string(ECONNREFUSED));
}

TEST_F(DatagramReceive, OwesNothingToAProtocolWithoutErrorReceived) {
    auto& transport = start(connected(peer.address()));
    bare = *reinterpret_cast<const ph_datagram_ops*>(recorder.proto().ops);
    bare.error_received = nullptr;
    bare.drain_requested = nullptr;
    EXPECT_EQ(transport.set_protocol({reinterpret_cast<const ph_any_ops*>(&bare), &recorder}),
              PH_OK);
    peer.close();
    EXPECT_EQ(send_by(transport, "anybody there?"), PH_OK);
    EXPECT_TRUE(rig.idle());
    EXPECT_EQ(send_by(transport, "still alive"), PH_OK);
    transport.drain(0);
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.count("lost"), 1U);
}

}  // namespace
}  // namespace protohost::net

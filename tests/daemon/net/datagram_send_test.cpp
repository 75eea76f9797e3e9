// SPDX-License-Identifier: MIT
#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <vector>

#include <gtest/gtest.h>

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

std::string error(int os_errno) {
    return "error:" + std::to_string(os_errno);
}

class DatagramSend : public ::testing::Test {
protected:
    // What they do on a callback refers to a test that is over when the rig ends.
    void TearDown() override {
        recorder.on = nullptr;
        other.on = nullptr;
    }

    DatagramTransport& start(DatagramSocket socket, model::WriteBuffer limits = {}) {
        return serve(rig, recorder, std::move(socket), limits);
    }
    DatagramTransport& start() { return start(bound(udp())); }

    /// Calls `body` inside datagram_received, as a plugin does what it does.
    void in_callback(const std::function<void()>& body) {
        recorder.on = [&](std::string_view event) -> ph_status {
            if (event == "data") body();
            return PH_OK;
        };
        const std::size_t before = recorder.received.size();
        caller.send("now", local_of(*recorder.transport));
        rig.run_until([&] { return recorder.received.size() > before; });
        recorder.on = nullptr;
    }

    DatagramRecorder recorder;
    DatagramRecorder other;
    Rig rig;
    DatagramPeer peer;
    DatagramPeer caller;
};

TEST_F(DatagramSend, ReachesWhomItIsSentTo) {
    auto& transport = start();
    const std::string largest(65507, 'L');
    EXPECT_EQ(send_by(transport, "one", peer.address()), PH_OK);
    EXPECT_EQ(send_by(transport, "", peer.address()), PH_OK);
    EXPECT_EQ(send_by(transport, largest, peer.address()), PH_OK);
    EXPECT_EQ(peer.receive(), "one");
    EXPECT_EQ(peer.receive(), "") << "an empty one is a datagram too";
    EXPECT_EQ(peer.receive(), largest);
    EXPECT_EQ(peer.last_sender(), local_of(transport));
    EXPECT_EQ(transport.traffic().sent, 3U + largest.size());
    EXPECT_EQ(transport.get_write_buffer_size(), 0U);
}

TEST_F(DatagramSend, KeepsTheOrderAcrossDestinations) {
    auto& transport = start();
    DatagramPeer second;
    in_callback([&] {
        for (int i = 0; i < 200; ++i) {
            EXPECT_EQ(
                send_by(
                    transport, std::to_string(i), i % 3 == 0 ? second.address() : peer.address()),
                PH_OK);
        }
    });
    Strings to_peer = peer.receive_waiting();
    Strings to_second = second.receive_waiting();
    EXPECT_EQ(to_peer.size() + to_second.size(), 200U);
    for (const auto& texts : {to_peer, to_second}) {
        for (std::size_t i = 1; i < texts.size(); ++i) {
            EXPECT_LT(std::stoi(texts[i - 1]), std::stoi(texts[i]));
        }
    }
}

TEST_F(DatagramSend, LeavesTogetherWhenTheCallbacksOfABatchHaveReturned) {
    auto& transport = start();
    Strings left;
    recorder.on = [&](std::string_view event) -> ph_status {
        if (event != "data") return PH_OK;
        const std::string& text = recorder.received.back();
        EXPECT_EQ(send_by(transport, text, peer.address()), PH_OK);
        left = peer.receive_waiting();
        EXPECT_TRUE(left.empty()) << "nothing leaves while others of the batch are being told";
        return PH_OK;
    };
    for (const auto& text : numbers(0, 20)) caller.send(text, local_of(transport));
    rig.run_until([&] { return recorder.received.size() == 20; });
    EXPECT_EQ(peer.receive_waiting(), numbers(0, 20));
}

TEST_F(DatagramSend, LeavesAtOnceWhenSomebodyAsks) {
    auto& transport = start();
    in_callback([&] {
        EXPECT_EQ(send_by(transport, "x", peer.address()), PH_OK);
        EXPECT_TRUE(peer.receive_waiting().empty());
        EXPECT_EQ(transport.get_write_buffer_size(), 0U) << "the kernel has it";
        EXPECT_EQ(peer.receive_waiting(), Strings{"x"});
        EXPECT_EQ(send_by(transport, "y", peer.address()), PH_OK);
        EXPECT_EQ(transport.set_write_buffer_limits(-1, -1), PH_OK);
        EXPECT_EQ(peer.receive_waiting(), Strings{"y"});
        // Nothing may wait where everything that waits is too much.
        EXPECT_EQ(transport.set_write_buffer_limits(0, -1), PH_OK);
        EXPECT_EQ(send_by(transport, "z", peer.address()), PH_OK);
        EXPECT_EQ(peer.receive_waiting(), Strings{"z"});
    });
    EXPECT_EQ(recorder.count("pause"), 0U);
}

TEST_F(DatagramSend, GathersForSeveralTransportsAtATime) {
    auto& transport = start();
    auto& second = serve(rig, other, bound(udp()));
    in_callback([&] {
        for (const auto& text : numbers(0, 100)) {
            EXPECT_EQ(send_by(transport, "a" + text, peer.address()), PH_OK);
            EXPECT_EQ(send_by(second, "b" + text, peer.address()), PH_OK);
            if (text == "50") {
                EXPECT_EQ(second.get_write_buffer_size(), 0U);
            }
        }
    });
    Strings a;
    Strings b;
    for (const auto& text : peer.receive_waiting())
        (text[0] == 'a' ? a : b).push_back(text.substr(1));
    EXPECT_EQ(a, numbers(0, 100));
    EXPECT_EQ(b, numbers(0, 100));
}

TEST_F(DatagramSend, NeedsSomebodyToSendTo) {
    auto& transport = start();
    EXPECT_EQ(send_by(transport, "to whom?"), PH_E_INVAL);
    EXPECT_EQ(transport.sendto("x", 1, {&peer, sizeof(sockaddr_storage) + 1, 0}), PH_E_INVAL);
    rig.run_ready();
    EXPECT_EQ(recorder.events, Strings{"made"});
    EXPECT_EQ(send_by(transport, "still open", peer.address()), PH_OK);
    EXPECT_EQ(peer.receive(), "still open");
}

TEST_F(DatagramSend, SendsToTheRemoteAndNobodyElse) {
    auto& transport = start(connected(peer.address()));
    EXPECT_EQ(send_by(transport, "one"), PH_OK);
    EXPECT_EQ(send_by(transport, "other", caller.address()), PH_E_INVAL);
    sockaddr_in same{};
    std::memcpy(&same, peer.address().data(), sizeof same);
    std::memset(&same.sin_zero, 0x55, sizeof same.sin_zero);
    EXPECT_EQ(transport.sendto("two", 3, {&same, sizeof same, 0}), PH_OK) << "padding is nothing";
    EXPECT_EQ(peer.receive(), "one");
    EXPECT_EQ(peer.receive(), "two");
    EXPECT_EQ(recorder.events, Strings{"made"});
}

TEST_F(DatagramSend, UsesARemoteThatItIsNotConnectedToWhereThatMayBeABroadcastAddress) {
    DatagramEnds ends{std::nullopt, udp(peer.address()), {}};
    ends.socket.broadcast = true;
    auto& transport = start(std::move(*open_datagram_socket(ends, "here")));
    EXPECT_EQ(send_by(transport, "one"), PH_OK);
    EXPECT_EQ(send_by(transport, "two", peer.address()), PH_OK);
    EXPECT_EQ(send_by(transport, "x", caller.address()), PH_E_INVAL);
    EXPECT_EQ(peer.receive(), "one");
    EXPECT_EQ(peer.receive(), "two");
    ph_info info{};
    EXPECT_EQ(transport.get_extra_info("peername", info), PH_E_UNSUPPORTED);
    // Anybody may answer.
    DatagramPeer answerer;
    SocketAddress local = peer.last_sender();
    answerer.send("here I am", local);
    rig.run_until([&] { return recorder.received == Strings{"here I am"}; });
    EXPECT_EQ(recorder.senders.front(), answerer.address());
}

TEST_F(DatagramSend, SaysWhichKeyABroadcastNeeds) {
    auto& transport = start();
    sockaddr_in all{};
    all.sin_family = AF_INET;
    all.sin_addr.s_addr = htonl(INADDR_BROADCAST);
    all.sin_port = htons(9);
    EXPECT_EQ(send_by(transport, "x", SocketAddress(&all, sizeof all)), PH_OK);
    rig.run_until([&] { return !recorder.error_texts.empty(); });
    EXPECT_EQ(recorder.events, (Strings{"made", error(EACCES)}));
    EXPECT_EQ(recorder.error_texts.front(),
              "Permission denied: a broadcast address needs socket: {broadcast: true}");
}

TEST_F(DatagramSend, TellsWhatTheKernelRejectsAndLivesOn) {
    auto& transport = start();
    const DatagramPeer six(DatagramPeer::Kind::v6);
    sockaddr_in nowhere{};
    std::memcpy(&nowhere, peer.address().data(), sizeof nowhere);
    nowhere.sin_port = 0;
    const SocketAddress port_0(&nowhere, sizeof nowhere);

    EXPECT_EQ(send_by(transport, std::string(65508, 'x'), peer.address()), PH_OK);
    EXPECT_EQ(recorder.events, (Strings{"made", error(EMSGSIZE)}))
        << "inside sendto, when it is sent there";
    EXPECT_EQ(send_by(transport, "x", port_0), PH_OK);
    EXPECT_EQ(send_by(transport, "x", six.address()), PH_OK);
    rig.run_ready();
    EXPECT_EQ(recorder.events,
              (Strings{"made", error(EMSGSIZE), error(EINVAL), error(EAFNOSUPPORT)}));
    EXPECT_EQ(recorder.destinations[0], peer.address());
    EXPECT_EQ(recorder.destinations[1], port_0);
    EXPECT_EQ(recorder.destinations[2], six.address());
    EXPECT_EQ(send_by(transport, "alive", peer.address()), PH_OK);
    EXPECT_EQ(peer.receive(), "alive");
}

TEST_F(DatagramSend, SkipsExactlyWhatTheKernelRejects) {
    auto& transport = start();
    const DatagramPeer six(DatagramPeer::Kind::v6);
    in_callback([&] {
        for (int i = 0; i < 40; ++i) {
            const bool bad = i == 0 || i == 7 || i == 8 || i == 39;
            EXPECT_EQ(send_by(transport, std::to_string(i), bad ? six.address() : peer.address()),
                      PH_OK);
        }
        EXPECT_EQ(recorder.count(error(EAFNOSUPPORT)), 0U);
    });
    rig.run_ready();
    EXPECT_EQ(recorder.count(error(EAFNOSUPPORT)), 4U);
    for (const auto& destination : recorder.destinations) EXPECT_EQ(destination, six.address());
    Strings expected = numbers(1, 39);
    std::erase(expected, "7");
    std::erase(expected, "8");
    EXPECT_EQ(peer.receive_waiting(), expected);
}

TEST_F(DatagramSend, LosesNoDatagramOfABatchToTheRefusalOfAnother) {
    auto& transport = start(connected(peer.address()));
    peer.close();
    {
        const CallbackScope scope(rig.loop);
        for (const char* const text : {"a", "b", "c", "d", "e"}) {
            EXPECT_EQ(send_by(transport, text), PH_OK);
        }
    }
    EXPECT_EQ(transport.traffic().sent, 5U);
    rig.run_until([&] { return recorder.count(error(ECONNREFUSED)) >= 1; });
}

TEST_F(DatagramSend, TellsErrorsOfWhatACallbackSentBeforeItClosed) {
    auto& transport = start();
    in_callback([&] {
        EXPECT_EQ(
            send_by(transport, std::string(60000, 'a') + std::string(5508, 'x'), peer.address()),
            PH_OK);
        transport.close();
    });
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.events, (Strings{"made", "data:now", error(EMSGSIZE), "lost", "destroy"}));
}

TEST_F(DatagramSend, LetsErrorReceivedSendAndFail) {
    auto& transport = start();
    unsigned errors = 0;
    recorder.on = [&](std::string_view event) -> ph_status {
        if (event != "error") return PH_OK;
        if (++errors < 5) {
            EXPECT_EQ(send_by(transport, std::string(65508, 'x'), peer.address()), PH_OK);
            return PH_E_FAIL;
        }
        EXPECT_EQ(send_by(transport, "enough", peer.address()), PH_OK);
        return PH_OK;
    };
    EXPECT_EQ(send_by(transport, std::string(65508, 'x'), peer.address()), PH_OK);
    rig.run_until([&] { return errors == 5; });
    EXPECT_EQ(peer.receive(), "enough");
    EXPECT_EQ(rig.failures.size(), 4U);
    EXPECT_EQ(rig.failures.front(), "error_received: failed without saying why");
    EXPECT_FALSE(transport.is_closing());
}

TEST_F(DatagramSend, HasNoOtherWayToWrite) {
    auto& transport = start(connected(peer.address()));
    int released = 0;
    const ph_iov piece{"x", 1};
    EXPECT_EQ(transport.write("x", 1), PH_E_UNSUPPORTED);
    EXPECT_EQ(transport.writelines(&piece, 1), PH_E_UNSUPPORTED);
    EXPECT_EQ(transport.write_owned(
                  piece, [](void* times) { ++*static_cast<int*>(times); }, &released),
              PH_E_UNSUPPORTED);
    EXPECT_EQ(released, 1);
    EXPECT_EQ(transport.write_eof(), PH_E_UNSUPPORTED);
    EXPECT_FALSE(transport.can_write_eof());
    rig.run_ready();
    EXPECT_TRUE(peer.receive_waiting().empty());
}

}  // namespace
}  // namespace protohost::net

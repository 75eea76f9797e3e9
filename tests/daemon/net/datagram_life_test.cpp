// SPDX-License-Identifier: MIT
#include <cerrno>
#include <string>
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
using testing::socket_pair;
using testing::udp;
using testing::unixgram_abstract;
using Strings = std::vector<std::string>;

class DatagramLife : public ::testing::Test {
protected:
    // What it does on a callback refers to a test that is over when the rig ends.
    void TearDown() override { recorder.on = nullptr; }

    DatagramTransport& start(DatagramSocket socket) {
        return serve(rig, recorder, std::move(socket));
    }
    DatagramTransport& start() { return start(bound(udp())); }
    void wait_for_the_end() {
        rig.run_until([&] { return rig.ends == 1; });
    }
    std::string info(std::string_view name) {
        ph_info found{};
        const ph_status status = recorder.transport->get_extra_info(name, found);
        return status == PH_OK ? std::string(found.text.p, found.text.n) : "unknown";
    }

    DatagramRecorder recorder;
    Rig rig;
    DatagramPeer peer;
};

TEST_F(DatagramLife, BeginsAndEndsOnceEach) {
    auto& transport = start();
    EXPECT_EQ(recorder.events, Strings{"made"});
    transport.close();
    transport.close();
    transport.abort();
    EXPECT_TRUE(transport.is_closing());
    EXPECT_FALSE(transport.is_reading());
    EXPECT_EQ(recorder.events, Strings{"made"}) << "never from inside an operation";
    wait_for_the_end();
    EXPECT_EQ(recorder.events, (Strings{"made", "lost", "destroy"}));
}

TEST_F(DatagramLife, MaySendInConnectionMade) {
    recorder.on = [&](std::string_view event) -> ph_status {
        return event == "made" ? send_by(*recorder.transport, "hello") : PH_OK;
    };
    start(connected(peer.address()));
    EXPECT_EQ(peer.receive(), "hello");
}

TEST_F(DatagramLife, MayCloseInConnectionMade) {
    recorder.on = [&](std::string_view event) -> ph_status {
        if (event != "made") return PH_OK;
        EXPECT_EQ(send_by(*recorder.transport, "last words"), PH_OK);
        recorder.transport->close();
        return PH_OK;
    };
    start(connected(peer.address()));
    wait_for_the_end();
    EXPECT_EQ(recorder.events, (Strings{"made", "lost", "destroy"}));
    EXPECT_EQ(peer.receive(), "last words");
}

TEST_F(DatagramLife, MayPauseInConnectionMade) {
    recorder.on = [&](std::string_view event) -> ph_status {
        if (event == "made") recorder.transport->pause_reading();
        return PH_OK;
    };
    auto& transport = start();
    peer.send("early", local_of(transport));
    EXPECT_TRUE(rig.idle());
    EXPECT_EQ(recorder.events, Strings{"made"});
    transport.resume_reading();
    rig.run_until([&] { return recorder.received.size() == 1; });
}

TEST_F(DatagramLife, OutlivesEveryCallbackThatFails) {
    recorder.on = [&](std::string_view event) -> ph_status {
        base::set_failure("no " + std::string(event));
        return PH_E_EXCEPTION;
    };
    auto& transport = start();
    peer.send("x", local_of(transport));
    rig.run_until([&] { return recorder.received.size() == 1; });
    EXPECT_EQ(send_by(transport, std::string(65508, 'x'), peer.address()), PH_OK);
    EXPECT_FALSE(transport.is_closing());
    transport.drain(0);
    wait_for_the_end();
    EXPECT_EQ(rig.failures,
              (Strings{"connection_made: no made",
                       "datagram_received: no data",
                       "error_received: no error",
                       "drain_requested: no drain",
                       "connection_lost: no lost"}));
    EXPECT_EQ(recorder.count("lost"), 1U);
    EXPECT_EQ(recorder.count("destroy"), 1U);
}

TEST_F(DatagramLife, ClosesWhenDrainedUnlessTheProtocolFinishesItself) {
    auto& transport = start();
    recorder.keep_open_at_drain = true;
    transport.drain(1);
    transport.drain(2);
    rig.run_ready();
    EXPECT_EQ(recorder.events, (Strings{"made", "drain"})) << "asked once";
    peer.send("more", local_of(transport));
    rig.run_until([&] { return recorder.received.size() == 1; });
    transport.close();
    wait_for_the_end();

    DatagramRecorder obedient;
    Rig second;
    auto& other = serve(second, obedient, bound(udp()));
    other.drain(1);
    second.run_until([&] { return second.ends == 1; });
    EXPECT_EQ(obedient.events, (Strings{"made", "drain", "lost", "destroy"}));
}

TEST_F(DatagramLife, SaysWhereItIs) {
    auto& transport = start();
    EXPECT_EQ(info("sockname"), local_of(transport).text());
    EXPECT_EQ(info("peername"), "unknown");
    EXPECT_EQ(info("cipher"), "unknown");
    EXPECT_NE(info("socket"), "unknown");
    EXPECT_EQ(transport.peer_text(), local_of(transport).text());
    EXPECT_EQ(transport.peer_address().family(), AF_UNSPEC);
}

TEST_F(DatagramLife, SaysWhoItIsConnectedTo) {
    auto& transport = start(connected(peer.address()));
    EXPECT_EQ(info("peername"), peer.address().text());
    EXPECT_EQ(transport.peer_text(), peer.address().text());
    EXPECT_EQ(transport.peer_address(), peer.address());
}

TEST_F(DatagramLife, StillSaysSoInConnectionLost) {
    std::string said;
    recorder.on = [&](std::string_view event) -> ph_status {
        if (event == "lost") said = info("peername") + " " + info("sockname");
        return PH_OK;
    };
    auto& transport = start(connected(peer.address()));
    const std::string expected = peer.address().text() + " " + local_of(transport).text();
    transport.close();
    wait_for_the_end();
    EXPECT_EQ(said, expected);
}

TEST_F(DatagramLife, DoesNothingWhenLost) {
    auto& transport = start(connected(peer.address()));
    std::vector<ph_status> answers;
    recorder.on = [&](std::string_view event) -> ph_status {
        if (event != "lost") return PH_OK;
        answers = {send_by(transport, "x"), transport.set_write_buffer_limits(0, 0)};
        transport.pause_reading();
        transport.resume_reading();
        transport.close();
        transport.abort();
        transport.drain(0);
        EXPECT_EQ(transport.get_write_buffer_size(), 0U);
        return PH_OK;
    };
    const ph_ref reference = transport.ref();
    transport.abort();
    wait_for_the_end();
    EXPECT_EQ(answers, (std::vector<ph_status>{PH_E_CLOSED, PH_OK}));
    EXPECT_EQ(recorder.events, (Strings{"made", "lost", "destroy"}));
    EXPECT_TRUE(rig.loop.references().find(reference) == nullptr);
    rig.run_ready();
    EXPECT_TRUE(peer.receive_waiting().empty());
}

TEST_F(DatagramLife, ServesASocketFromElsewhereWhosePeerHasNoName) {
    auto pair = socket_pair();
    auto& transport = start(std::move(pair.ours));
    EXPECT_EQ(info("peername"), "");
    EXPECT_EQ(send_by(transport, "to the other end"), PH_OK);
    EXPECT_EQ(pair.peer.receive(), "to the other end");
    pair.peer.send("and back", {});
    rig.run_until([&] { return recorder.received == Strings{"and back"}; });
    EXPECT_EQ(recorder.senders.front().family(), AF_UNSPEC);
}

TEST_F(DatagramLife, AnswersAUnixClientThatHasNoNameOfItsOwn) {
    auto& server = start(bound(unixgram_abstract("datagram_life_test")));
    recorder.on = [&](std::string_view event) -> ph_status {
        if (event != "data") return PH_OK;
        return send_by(server, "re: " + recorder.received.back(), recorder.senders.back());
    };
    DatagramRecorder client;
    Rig second;
    auto& transport = serve(second, client, connected(local_of(server)));
    EXPECT_EQ(send_by(transport, "question"), PH_OK);
    rig.run_until([&] { return recorder.received.size() == 1; });
    second.run_until([&] { return client.received == Strings{"re: question"}; });
}

}  // namespace
}  // namespace protohost::net

// SPDX-License-Identifier: MIT
#include "daemon/net/write_budget.hpp"

#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/net/datagram_rig.hpp"
#include "tests/daemon/net/rig.hpp"

namespace protohost::net::testing {
namespace {

constexpr model::WriteBuffer aborting{.high = 1 << 20, .low = 0};
constexpr model::WriteBuffer refusing{
    .high = 1 << 20, .low = 0, .policy = model::WriteBuffer::Policy::refuse};
const std::string over_limit = "lost:" + std::to_string(PH_E_LIMIT);

ph_status write(StreamTransport& transport, const std::string& text) {
    return transport.write(text.data(), text.size());
}

/// Sends until the first has to wait.
void fill(DatagramTransport& transport) {
    while (transport.get_write_buffer_size() == 0) send_by(transport, "f");
}

TEST(WriteBudget, HasRoomUpToItsLimitAndKeepsWhatIsOverALoweredOne) {
    WriteBudget budget;
    EXPECT_TRUE(budget.has_room(UINT64_MAX));
    budget.set_limit(100);
    budget.add(60);
    EXPECT_TRUE(budget.has_room(40));
    EXPECT_FALSE(budget.has_room(41));
    EXPECT_FALSE(budget.has_room(UINT64_MAX));
    budget.set_limit(50);
    EXPECT_FALSE(budget.has_room(0));
    EXPECT_EQ(budget.used(), 60u);
}

class Budget : public ::testing::Test {
public:
    // What a recorder does on a callback refers to a test that is over when the rig ends.
    void TearDown() override { recorder.on = other.on = nullptr; }

    WriteBudget& budget() { return rig.loop.write_budget(); }
    /// From here on nothing more may wait.
    void exhaust() { budget().set_limit(budget().used()); }

    Recorder recorder;
    Recorder other;
    DatagramRecorder datagrams;
    Rig rig;
};

TEST_F(Budget, CountsWhatWaitsOnStreamsAndReturnsToZero) {
    for (const Medium medium : {Medium::tcp, Medium::socket_pair, Medium::write_pipe}) {
        for (const bool flushes : {true, false}) {
            Recorder writer;
            Rig own;
            const WriteBudget& used = own.loop.write_budget();
            auto connection = own.connect(medium, writer, {aborting});
            StreamTransport& transport = *connection.transport;
            Rig::fill(transport);
            write(transport, "and more");
            transport.write_owned(
                {"owned", 5}, [](void*) {}, nullptr);
            EXPECT_EQ(used.used(), transport.get_write_buffer_size());
            EXPECT_GT(used.used(), 12u);
            flushes ? transport.close() : transport.abort();
            own.run_reading(connection.peer, [&] { return own.ends == 1; });
            EXPECT_EQ(used.used(), 0u);
        }
    }
}

TEST_F(Budget, CountsDatagramsThatWaitWithWhatKeepingThemCosts) {
    auto pair = socket_pair();
    DatagramTransport& sender = serve(rig, datagrams, std::move(pair.ours));
    fill(sender);
    send_by(sender, "");
    EXPECT_EQ(budget().used(), sender.get_write_buffer_size());
    EXPECT_EQ(budget().used(), DatagramQueue::cost(1) + DatagramQueue::cost(0));
    sender.close();
    rig.run_until([&] {
        pair.peer.receive_waiting();
        return rig.ends == 1;
    });
    EXPECT_EQ(budget().used(), 0u);
}

TEST_F(Budget, AWriteThatWouldPassItEndsItsConnection) {
    auto [peer, transport] = rig.connect(recorder, aborting);
    Rig::fill(*transport);
    budget().set_limit(budget().used() + 10);
    EXPECT_EQ(write(*transport, std::string(10, 'x')), PH_OK);
    EXPECT_EQ(write(*transport, "y"), PH_E_LIMIT);
    EXPECT_EQ(write(*transport, "z"), PH_E_CLOSED);
    EXPECT_EQ(rig.limits_reached, 1u);
    EXPECT_EQ(rig.last_limit, WriteLimit::daemon);
    EXPECT_EQ(budget().used(), 0u);
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.count(over_limit), 1u);
}

TEST_F(Budget, OwnedBytesThatWouldPassItAreReleased) {
    static int releases;
    releases = 0;
    auto [peer, transport] = rig.connect(recorder, aborting);
    Rig::fill(*transport);
    exhaust();
    const auto release = [](void*) { ++releases; };
    EXPECT_EQ(transport->write_owned({"owned", 5}, release, nullptr), PH_E_LIMIT);
    EXPECT_EQ(releases, 1);
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.count(over_limit), 1u);
}

TEST_F(Budget, WhoNeedsNoneOfItLivesOnWhileItIsFull) {
    auto stuck = rig.connect(recorder, aborting);
    auto quick = rig.connect(other, aborting);
    Rig::fill(*stuck.transport);
    exhaust();
    other.on = [&](std::string_view event) {
        if (event == "data") {
            EXPECT_EQ(write(*quick.transport, "at once"), PH_OK);
        }
        return PH_OK;
    };
    quick.peer.send("x");
    rig.run_until([&] { return !other.received.empty(); });
    EXPECT_EQ(quick.peer.receive(), "at once");
    EXPECT_EQ(write(*quick.transport, "and outside of a callback"), PH_OK);
    EXPECT_EQ(quick.peer.receive(), "and outside of a callback");
    EXPECT_EQ(rig.limits_reached, 0u);
}

TEST_F(Budget, WhatACallbackWroteEndsItsConnectionWhenTheKernelTakesNotAll) {
    auto [peer, transport] = rig.connect(recorder, aborting);
    budget().set_limit(0);
    recorder.on = [&, t = transport](std::string_view event) {
        // Less than the scratch holds, and more than the kernel takes.
        for (int i = 0; event == "data" && i < 10; ++i) {
            EXPECT_EQ(write(*t, std::string(1000, 'x')), PH_OK);
        }
        return PH_OK;
    };
    rig.run_until([&, &to = peer] {
        if (rig.ends == 0 && !recorder.transport->is_closing()) to.send("x");
        return rig.ends == 1;
    });
    EXPECT_EQ(recorder.count(over_limit), 1u);
    EXPECT_EQ(rig.last_limit, WriteLimit::daemon);
    EXPECT_EQ(budget().used(), 0u);
}

TEST_F(Budget, PolicyRefuseRefusesAWriteWholeAndSaysSoOnce) {
    auto stuck = rig.connect(recorder, aborting);
    auto [peer, transport] = rig.connect(other, refusing);
    Rig::fill(*stuck.transport);
    budget().set_limit(budget().used() + 10);
    EXPECT_EQ(write(*transport, "ten bytes!"), PH_OK);
    EXPECT_EQ(peer.receive(), "ten bytes!");
    EXPECT_EQ(write(*transport, "eleven....."), PH_E_LIMIT);
    EXPECT_EQ(write(*transport, "eleven....."), PH_E_LIMIT);
    EXPECT_EQ(peer.receive_ready(), "") << "nothing of it was sent";
    EXPECT_EQ(rig.limits_reached, 1u);
    EXPECT_EQ(rig.last_limit, WriteLimit::daemon);
    EXPECT_EQ(transport->traffic().dropped, 22u);

    stuck.transport->abort();
    EXPECT_EQ(write(*transport, "eleven....."), PH_OK) << "there is room again";
    EXPECT_EQ(peer.receive(), "eleven.....");
}

TEST_F(Budget, PolicyRefuseHoldsInCallbacksToo) {
    auto stuck = rig.connect(recorder, aborting);
    auto connection = rig.connect(other, refusing);
    Rig::fill(*stuck.transport);
    budget().set_limit(budget().used() + 10);
    std::vector<ph_status> answers;
    other.on = [&](std::string_view event) {
        if (event != "data") return PH_OK;
        for (const char* text : {"ten bytes!", "eleven.....", "small"}) {
            answers.push_back(write(*connection.transport, text));
        }
        return PH_OK;
    };
    connection.peer.send("x");
    rig.run_until([&] { return answers.size() == 3; });
    EXPECT_EQ(answers, (std::vector<ph_status>{PH_OK, PH_E_LIMIT, PH_OK}));
    EXPECT_EQ(connection.peer.receive(), "ten bytes!small");
}

TEST_F(Budget, WhatWasAcceptedIsKeptThoughOthersTookTheRoomMeanwhile) {
    auto first = rig.connect(recorder, refusing);
    auto second = rig.connect(other, refusing);
    Rig::fill(*first.transport);
    // The kernel is full and the queue empty: what the second gathers will have to wait.
    ph_info socket{};
    second.transport->get_extra_info("socket", socket);
    std::string before;
    while (::write(static_cast<int>(socket.number), "b", 1) == 1) before += 'b';
    budget().set_limit(budget().used() + 10);
    recorder.on = [&](std::string_view event) {
        if (event != "data") return PH_OK;
        EXPECT_EQ(write(*second.transport, "ten bytes!"), PH_OK) << "gathered";
        EXPECT_EQ(write(*first.transport, "ten bytes!"), PH_OK) << "waits at once";
        return PH_OK;
    };
    first.peer.send("x");
    rig.run_until([&] { return !recorder.received.empty(); });
    EXPECT_EQ(budget().used(), budget().limit() + 10);
    EXPECT_EQ(write(*second.transport, "x"), PH_E_LIMIT);
    std::string arrived;
    rig.run_until([&] {
        arrived += second.peer.receive_ready();
        return arrived.size() >= before.size() + 10;
    });
    EXPECT_EQ(arrived, before + "ten bytes!");
}

TEST_F(Budget, ADatagramThatWouldPassItEndsItsTransportOrIsRefused) {
    for (const bool aborts : {true, false}) {
        DatagramRecorder sender;
        Rig own;
        auto pair = socket_pair();
        DatagramTransport& transport =
            serve(own, sender, std::move(pair.ours), aborts ? aborting : refusing);
        fill(transport);
        WriteBudget& shared = own.loop.write_budget();
        shared.set_limit(shared.used() + DatagramQueue::cost(3));
        EXPECT_EQ(send_by(transport, "four"), PH_E_LIMIT);
        EXPECT_EQ(own.limits_reached, 1u);
        EXPECT_EQ(own.last_limit, WriteLimit::daemon);
        EXPECT_EQ(send_by(transport, "two"), aborts ? PH_E_CLOSED : PH_OK);
        EXPECT_EQ(transport.is_closing(), aborts);
        if (aborts) own.run_until([&] { return own.ends == 1; });
        EXPECT_EQ(sender.count(over_limit), aborts ? 1u : 0u);
    }
}

TEST_F(Budget, WhatWasReceivedAndNotYetDeliveredDoesNotCount) {
    DatagramSocket socket = bound(udp());
    DatagramPeer peer;
    DatagramTransport& transport = serve(rig, datagrams, std::move(socket));
    datagrams.on = [&](std::string_view event) {
        if (event == "data") transport.pause_reading();
        return PH_OK;
    };
    const SocketAddress to = local_of(transport);
    for (const char* text : {"one", "two", "three"}) peer.send(text, to);
    rig.run_until([&] { return !datagrams.received.empty(); });
    EXPECT_EQ(budget().used(), 0u);
    datagrams.on = nullptr;
    transport.resume_reading();
    rig.run_until([&] { return datagrams.received.size() == 3; });
    EXPECT_EQ(budget().used(), 0u);
}

}  // namespace
}  // namespace protohost::net::testing

// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cerrno>
#include <string>
#include <sys/resource.h>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/net/datagram_rig.hpp"

// What happens when the kernel takes no more. UNIX sockets, because UDP over loopback drops
// instead.

namespace protohost::net {
namespace {

using testing::bound;
using testing::connected;
using testing::DatagramPeer;
using testing::DatagramRecorder;
using testing::Rig;
using testing::send_by;
using testing::serve;
using testing::socket_pair;
using testing::unixgram_abstract;
using Strings = std::vector<std::string>;

constexpr std::size_t overhead = DatagramQueue::overhead;

Strings numbers(int from, int to) {
    Strings result;
    for (int i = from; i < to; ++i) result.push_back(std::to_string(i));
    return result;
}

class DatagramFlow : public ::testing::Test {
protected:
    DatagramFlow() : pair(socket_pair()), peer(pair.peer) {}
    // What it does on a callback refers to a test that is over when the rig ends.
    void TearDown() override { recorder.on = nullptr; }

    DatagramTransport& start(model::WriteBuffer limits = {}) {
        return serve(rig, recorder, std::move(pair.ours), limits);
    }

    /// Sends numbers until the first of them has to wait; how many were sent in all.
    int fill() {
        int sent = 0;
        while (recorder.transport->get_write_buffer_size() == 0) {
            EXPECT_EQ(send_by(*recorder.transport, std::to_string(sent++)), PH_OK);
        }
        return sent;
    }

    /// The peer reads until it has `count`, and the loop runs meanwhile.
    Strings read(std::size_t count) {
        Strings all;
        rig.run_until([&] {
            for (auto& text : peer.receive_waiting()) all.push_back(std::move(text));
            return all.size() >= count;
        });
        return all;
    }

    DatagramRecorder recorder;
    Rig rig;
    testing::DatagramPair pair;
    DatagramPeer& peer;
};

TEST_F(DatagramFlow, QueuesWhatTheKernelRefusesAndKeepsItsOrder) {
    auto& transport = start();
    const int filled = fill();
    EXPECT_EQ(transport.get_write_buffer_size(), std::to_string(filled - 1).size() + overhead);
    for (int i = filled; i < filled + 100; ++i)
        EXPECT_EQ(send_by(transport, std::to_string(i)), PH_OK);
    EXPECT_GT(transport.get_write_buffer_size(), 100 * overhead);
    EXPECT_EQ(read(static_cast<std::size_t>(filled) + 100), numbers(0, filled + 100));
    EXPECT_EQ(transport.get_write_buffer_size(), 0U);
    EXPECT_TRUE(rig.idle());
}

TEST_F(DatagramFlow, PausesStrictlyOverHighAndResumesAtLow) {
    auto& transport = start();
    fill();
    const std::size_t waiting = transport.get_write_buffer_size();
    EXPECT_EQ(
        transport.set_write_buffer_limits(static_cast<std::int64_t>(waiting + 2 * (overhead + 10)),
                                          static_cast<std::int64_t>(overhead + 10)),
        PH_OK);
    const std::string ten(10, 't');
    EXPECT_EQ(send_by(transport, ten), PH_OK);
    EXPECT_EQ(send_by(transport, ten), PH_OK);
    EXPECT_EQ(recorder.count("pause"), 0U) << "at high, not over it";
    EXPECT_EQ(send_by(transport, ""), PH_OK);
    EXPECT_EQ(recorder.count("pause"), 1U) << "inside sendto";
    EXPECT_EQ(send_by(transport, ""), PH_OK);
    EXPECT_EQ(recorder.count("pause"), 1U);
    std::size_t at_resume = 0;
    recorder.on = [&](std::string_view event) -> ph_status {
        if (event == "resume") at_resume = transport.get_write_buffer_size();
        return PH_OK;
    };
    read(5);
    rig.run_until([&] {
        peer.receive_waiting();
        return transport.get_write_buffer_size() == 0;
    });
    EXPECT_EQ(recorder.count("resume"), 1U);
    EXPECT_LE(at_resume, overhead + 10);
}

TEST_F(DatagramFlow, PausesWhenTheLimitsAreLoweredAndNotAgainWhenTheyAreRaised) {
    auto& transport = start();
    fill();
    EXPECT_EQ(transport.set_write_buffer_limits(0, 0), PH_OK);
    EXPECT_EQ(recorder.events, (Strings{"made", "pause"}));
    EXPECT_EQ(transport.set_write_buffer_limits(-1, -1), PH_OK);
    EXPECT_EQ(recorder.events, (Strings{"made", "pause"}))
        << "resumed by what leaves, not by asking";
    rig.run_until([&] {
        peer.receive_waiting();
        return recorder.events.size() == 3;
    });
    EXPECT_EQ(recorder.events.back(), "resume");
}

TEST_F(DatagramFlow, KnowsAsynciosRulesForLimits) {
    auto& transport = start();
    std::size_t low = 0;
    std::size_t high = 0;
    transport.get_write_buffer_limits(low, high);
    EXPECT_EQ(high, 64U * 1024);
    EXPECT_EQ(low, 16U * 1024);
    EXPECT_EQ(transport.set_write_buffer_limits(100, -1), PH_OK);
    transport.get_write_buffer_limits(low, high);
    EXPECT_EQ(low, 25U);
    EXPECT_EQ(transport.set_write_buffer_limits(-1, 30), PH_OK);
    transport.get_write_buffer_limits(low, high);
    EXPECT_EQ(high, 120U);
    EXPECT_EQ(transport.set_write_buffer_limits(10, 20), PH_E_INVAL);
    EXPECT_EQ(transport.set_write_buffer_limits(-2, -1), PH_E_INVAL);
    transport.get_write_buffer_limits(low, high);
    EXPECT_EQ(high, 120U) << "refused limits change nothing";
}

TEST_F(DatagramFlow, SendsInPauseAndResumeAndKeepsTheOrder) {
    auto& transport = start();
    int next = fill();
    const auto send_next = [&] { EXPECT_EQ(send_by(transport, std::to_string(next++)), PH_OK); };
    recorder.on = [&](std::string_view event) -> ph_status {
        if (event == "pause" || event == "resume") send_next();
        return PH_OK;
    };
    EXPECT_EQ(transport.set_write_buffer_limits(3 * overhead, overhead), PH_OK);
    while (recorder.count("pause") == 0) send_next();
    Strings all;
    rig.run_until([&] {
        for (auto& text : peer.receive_waiting()) all.push_back(std::move(text));
        return transport.get_write_buffer_size() == 0 && recorder.count("resume") > 0;
    });
    for (auto& text : peer.receive_waiting()) all.push_back(std::move(text));
    EXPECT_EQ(all, numbers(0, next));
    EXPECT_EQ(recorder.count("pause"), recorder.count("resume"));
}

TEST_F(DatagramFlow, RefusesWhatWouldPassTheHardLimit) {
    model::WriteBuffer limits;
    limits.limit = 1000;
    limits.high = 500;
    limits.low = 100;
    limits.policy = model::WriteBuffer::Policy::refuse;
    auto& transport = start(limits);
    EXPECT_EQ(send_by(transport, std::string(1000 - overhead + 1, 'x')), PH_E_LIMIT)
        << "also while the kernel would take it";
    EXPECT_EQ(send_by(transport, std::string(1000 - overhead, 'x')), PH_OK);
    const int filled = fill();
    std::size_t accepted = 0;
    while (send_by(transport, "") == PH_OK) ASSERT_LT(++accepted, 100U);
    EXPECT_EQ(accepted, (1000 - overhead - std::to_string(filled - 1).size()) / overhead)
        << "empty ones are not free";
    EXPECT_EQ(send_by(transport, ""), PH_E_LIMIT);
    EXPECT_EQ(rig.limits_reached, 1U) << "said once";
    EXPECT_FALSE(transport.is_closing());
    EXPECT_EQ(read(static_cast<std::size_t>(filled) + 1 + accepted).size(),
              static_cast<std::size_t>(filled) + 1 + accepted);
    EXPECT_EQ(transport.get_write_buffer_size(), 0U);
    EXPECT_EQ(send_by(transport, "room again"), PH_OK);
}

TEST_F(DatagramFlow, AbortsAtTheHardLimitWhereThePolicySaysSo) {
    model::WriteBuffer limits;
    limits.limit = 1000;
    limits.high = 500;
    auto& transport = start(limits);
    fill();
    ph_status last = PH_OK;
    while (last == PH_OK) last = send_by(transport, "");
    EXPECT_EQ(last, PH_E_LIMIT);
    EXPECT_TRUE(transport.is_closing());
    EXPECT_EQ(send_by(transport, "late"), PH_E_CLOSED);
    EXPECT_EQ(recorder.count("pause"), 1U);
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.events,
              (Strings{"made", "pause", "lost:" + std::to_string(PH_E_LIMIT), "destroy"}));
    EXPECT_EQ(rig.limits_reached, 1U);
}

TEST_F(DatagramFlow, FlushesOnClose) {
    auto& transport = start();
    const int filled = fill();
    transport.close();
    transport.close();
    EXPECT_TRUE(transport.is_closing());
    EXPECT_EQ(send_by(transport, std::to_string(filled)), PH_OK) << "while others wait";
    EXPECT_EQ(recorder.events, Strings{"made"});
    EXPECT_EQ(read(static_cast<std::size_t>(filled) + 1), numbers(0, filled + 1));
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.events, (Strings{"made", "lost", "destroy"}));
}

TEST_F(DatagramFlow, SendsNothingAfterAClosethatHadNothingToFlush) {
    auto& transport = start();
    transport.close();
    EXPECT_EQ(send_by(transport, "late"), PH_E_CLOSED);
    EXPECT_EQ(transport.traffic().dropped, 4U);
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_TRUE(peer.receive_waiting().empty());
}

TEST_F(DatagramFlow, DropsTheQueueOnAbortAndDoesNotResumeFirst) {
    auto& transport = start();
    const int filled = fill();
    EXPECT_EQ(transport.set_write_buffer_limits(0, 0), PH_OK);
    EXPECT_EQ(send_by(transport, "xyz"), PH_OK);
    transport.close();
    transport.abort();
    EXPECT_EQ(transport.traffic().dropped, std::to_string(filled - 1).size() + 3);
    EXPECT_EQ(transport.get_write_buffer_size(), 0U);
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.events, (Strings{"made", "pause", "lost", "destroy"}));
    EXPECT_EQ(peer.receive_waiting(), numbers(0, filled - 1));
}

TEST_F(DatagramFlow, AbortInPauseWritingEndsIt) {
    auto& transport = start();
    fill();
    recorder.on = [&](std::string_view event) -> ph_status {
        if (event == "pause") transport.abort();
        return PH_OK;
    };
    EXPECT_EQ(transport.set_write_buffer_limits(0, 0), PH_OK);
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.events, (Strings{"made", "pause", "lost", "destroy"}));
}

TEST_F(DatagramFlow, CloseInResumeWritingEndsItOnce) {
    auto& transport = start();
    fill();
    recorder.on = [&](std::string_view event) -> ph_status {
        if (event == "resume") transport.close();
        return PH_OK;
    };
    EXPECT_EQ(transport.set_write_buffer_limits(0, 0), PH_OK);
    rig.run_until([&] {
        peer.receive_waiting();
        return rig.ends == 1;
    });
    EXPECT_EQ(recorder.events, (Strings{"made", "pause", "resume", "lost", "destroy"}));
}

TEST_F(DatagramFlow, TellsAnErrorForEachThatWaitedInVainAndLivesOn) {
    auto& transport = start();
    fill();
    EXPECT_EQ(transport.set_write_buffer_limits(overhead, 0), PH_OK);
    for (int i = 0; i < 45; ++i) EXPECT_EQ(send_by(transport, "waits"), PH_OK);
    peer.close();
    rig.run_until([&] { return transport.get_write_buffer_size() == 0; });
    rig.run_ready();
    EXPECT_EQ(recorder.destinations.size(), 46U) << "as many as waited";
    EXPECT_GE(recorder.count("error:" + std::to_string(ECONNREFUSED)), 1U);
    EXPECT_EQ(recorder.count("pause"), 1U);
    EXPECT_EQ(recorder.count("resume"), 1U);
    EXPECT_FALSE(transport.is_closing());
    EXPECT_TRUE(rig.idle());
    transport.close();
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.count("lost"), 1U);
}

TEST_F(DatagramFlow, WaitsForAFullSocketThatItIsNotConnectedToWithoutSpinning) {
    auto& transport = serve(rig, recorder, bound(unixgram_abstract("datagram_flow_test")));
    DatagramPeer slow(DatagramPeer::Kind::local);
    int sent = 0;
    while (transport.get_write_buffer_size() == 0) {
        EXPECT_EQ(send_by(transport, std::to_string(sent++), slow.address()), PH_OK);
    }
    const auto cpu = [] {
        rusage usage{};
        ::getrusage(RUSAGE_SELF, &usage);
        return std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    };
    const auto before = cpu();
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
    rig.run_until([&] { return std::chrono::steady_clock::now() >= until; });
    EXPECT_LT(cpu() - before, std::chrono::milliseconds(100))
        << "its own socket is always writable";

    for (; sent < 50; ++sent)
        EXPECT_EQ(send_by(transport, std::to_string(sent), slow.address()), PH_OK);
    Strings all;
    rig.run_until([&] {
        for (auto& text : slow.receive_waiting()) all.push_back(std::move(text));
        return static_cast<int>(all.size()) == sent;
    });
    EXPECT_EQ(all, numbers(0, sent));
    EXPECT_EQ(transport.get_write_buffer_size(), 0U);
    EXPECT_TRUE(rig.idle());
}

}  // namespace
}  // namespace protohost::net

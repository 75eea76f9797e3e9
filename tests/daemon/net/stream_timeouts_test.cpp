// SPDX-License-Identifier: MIT
#include <array>
#include <chrono>
#include <string>
#include <sys/socket.h>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/net/timing_wheel.hpp"
#include "tests/daemon/net/rig.hpp"

namespace protohost::net::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::array every_medium{
    Medium::tcp, Medium::socket_pair, Medium::read_pipe, Medium::write_pipe};
constexpr std::array those_that_write{Medium::tcp, Medium::socket_pair, Medium::write_pipe};
const std::string timed_out = "lost:" + std::to_string(PH_E_TIMEOUT);

TransportSettings idle_after(milliseconds timeout) {
    return {{.high = 1 << 20, .low = 0}, timeout, {}};
}
TransportSettings stalled_after(milliseconds timeout) {
    return {{.high = 1 << 20, .low = 0}, {}, timeout};
}

/// Counts the ticks in which a timeout of so long is looked at.
class Ticks {
public:
    Ticks(Rig& rig, milliseconds timeout)
        : wheel_(rig.loop.wheels().of(timeout)), begin_(wheel_.now()) {}
    TimingWheel::Tick passed() const { return wheel_.now() - begin_; }

private:
    TimingWheel& wheel_;
    TimingWheel::Tick begin_;
};

int descriptor_of(StreamTransport& transport, std::string_view name) {
    ph_info info{};
    EXPECT_EQ(transport.get_extra_info(name, info), PH_OK);
    return static_cast<int>(info.number);
}

TEST(IdleTimeout, EndsASilentConnectionAndNeverTooEarly) {
    for (const Medium medium : every_medium) {
        Recorder recorder;
        Rig rig;
        const auto earliest = steady_clock::now() + milliseconds(100);
        const Ticks ticks(rig, milliseconds(100));
        auto connection = rig.connect(medium, recorder, idle_after(milliseconds(100)));
        rig.run_until([&] { return rig.ends == 1; });
        EXPECT_GE(steady_clock::now(), earliest);
        EXPECT_LE(ticks.passed(), 14u) << "of 8 ms each";
        EXPECT_EQ(recorder.count(timed_out), 1u);
        EXPECT_EQ(rig.timeouts, std::vector<std::string>{"idle for 100ms (timeouts.idle)"});
        EXPECT_TRUE(rig.idle()) << "nothing is timed any more";
    }
}

TEST(IdleTimeout, ABytePutsItOffInWhicheverDirection) {
    constexpr milliseconds timeout(40);
    for (const Medium medium : every_medium) {
        for (const bool inwards : {true, false}) {
            if (medium == (inwards ? Medium::write_pipe : Medium::read_pipe)) continue;
            Recorder recorder;
            Rig rig;
            auto connection = rig.connect(medium, recorder, idle_after(timeout));
            const Ticks ticks(rig, timeout);
            auto earliest = steady_clock::now();
            rig.run_until([&, seen = TimingWheel::Tick{100}]() mutable {
                if (seen == ticks.passed()) return false;
                seen = ticks.passed();
                earliest = steady_clock::now() + timeout;
                if (inwards) {
                    connection.peer.send("x");
                } else {
                    connection.transport->write("x", 1);
                    EXPECT_EQ(connection.peer.receive(), "x");
                }
                return rig.ends != 0 || seen == 40;
            });
            EXPECT_EQ(rig.ends, 0u);
            rig.run_until([&] { return rig.ends == 1; });
            EXPECT_GE(steady_clock::now(), earliest);
            EXPECT_EQ(recorder.count(timed_out), 1u);
        }
    }
}

TEST(IdleTimeout, BytesThatOnlyWaitAreNotUnderWay) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(Medium::tcp, recorder, idle_after(milliseconds(40)));
    Rig::fill(*transport);
    rig.run_until([&, t = transport] {
        if (rig.ends == 1) return true;
        t->write("x", 1);
        return false;
    });
    EXPECT_EQ(recorder.count(timed_out), 1u);
}

TEST(IdleTimeout, HoldsWhileTheLastBytesAreFlushedToo) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(Medium::tcp, recorder, idle_after(milliseconds(40)));
    Rig::fill(*transport);
    transport->close();
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.count(timed_out), 1u);
    EXPECT_EQ(rig.loop.write_budget().used(), 0u);
}

TEST(IdleTimeout, NobodyIsTimedOutForACallbackThatHoldsUpTheLoop) {
    Recorder held_up;
    Recorder waiting;
    Rig rig;
    auto slow = rig.connect(Medium::tcp, held_up, {});
    auto other = rig.connect(Medium::tcp, waiting, idle_after(milliseconds(20)));
    held_up.on = [&](std::string_view event) {
        if (event != "data") return PH_OK;
        other.peer.send("in time");
        const auto until = steady_clock::now() + milliseconds(60);
        while (steady_clock::now() < until) {
        }
        return PH_OK;
    };
    slow.peer.send("x");
    rig.run_until([&] { return !waiting.received.empty() || rig.ends != 0; });
    EXPECT_EQ(waiting.received, "in time");
    EXPECT_EQ(rig.ends, 0u);
}

TEST(StallTimeout, EndsAConnectionWhosePeerTakesNothing) {
    for (const Medium medium : those_that_write) {
        Recorder recorder;
        Rig rig;
        auto [peer, transport] = rig.connect(medium, recorder, stalled_after(milliseconds(100)));
        const auto earliest = steady_clock::now() + milliseconds(100);
        const Ticks ticks(rig, milliseconds(100));
        Rig::fill(*transport);
        rig.run_until([&] { return rig.ends == 1; });
        EXPECT_GE(steady_clock::now(), earliest);
        // The peer's kernel may take a while to acknowledge what it has taken.
        EXPECT_LE(ticks.passed(), 24u) << "of 8 ms each";
        EXPECT_EQ(recorder.count(timed_out), 1u);
        EXPECT_EQ(rig.timeouts,
                  std::vector<std::string>{
                      "the peer has taken nothing for 100ms (timeouts.write_stall)"});
        EXPECT_TRUE(rig.idle());
    }
}

TEST(StallTimeout, IsOverWithTheLastByteThatWaits) {
    for (const Medium medium : those_that_write) {
        Recorder recorder;
        Rig rig;
        auto connection = rig.connect(medium, recorder, stalled_after(milliseconds(20)));
        EXPECT_TRUE(rig.idle()) << "nothing waits, and nothing is timed";
        Rig::fill(*connection.transport);
        rig.run_reading(connection.peer,
                        [t = connection.transport] { return t->get_write_buffer_size() == 0; });
        for (int i = 0; i < 100 && !rig.idle(); ++i) {
        }
        EXPECT_TRUE(rig.idle()) << "nothing is timed any more";
        EXPECT_EQ(rig.ends, 0u);
    }
}

TEST(StallTimeout, APeerThatTakesLittleIsSlowAndNotStalled) {
    constexpr milliseconds timeout(40);
    for (const Medium medium : {Medium::socket_pair, Medium::write_pipe}) {
        Recorder recorder;
        Rig rig;
        auto [peer, transport] = rig.connect(medium, recorder, stalled_after(timeout));
        if (medium == Medium::socket_pair) {
            const int large = 256 * 1024;
            ::setsockopt(
                descriptor_of(*transport, "socket"), SOL_SOCKET, SO_SNDBUF, &large, sizeof large);
        }
        Rig::fill(*transport);
        const std::size_t waiting = transport->get_write_buffer_size();
        // Less than what makes the kernel call it writable.
        const std::size_t little = medium == Medium::socket_pair ? 4096 : 80;
        const Ticks ticks(rig, timeout);
        rig.run_until([&, &from = peer, seen = TimingWheel::Tick{0}]() mutable {
            if (seen == ticks.passed()) return false;
            seen = ticks.passed();
            EXPECT_EQ(from.receive(little).size(), little);
            return rig.ends != 0 || seen == 40;
        });
        ASSERT_EQ(rig.ends, 0u);
        EXPECT_EQ(transport->get_write_buffer_size(), waiting) << "the kernel has not asked for it";
        rig.run_until([&] { return rig.ends == 1; });
        EXPECT_EQ(recorder.count(timed_out), 1u) << "once it takes nothing more";
    }
}

TEST(StallTimeout, APeerThatIsServedAsMuchAsItTakesIsNotStalled) {
    constexpr milliseconds timeout(40);
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(Medium::write_pipe, recorder, stalled_after(timeout));
    const std::string much(1 << 20, 'x');
    transport->write(much.data(), much.size());
    const Ticks ticks(rig, timeout);
    // A page out of the pipe, and at once another into it: it always holds as much.
    rig.run_until([&, &from = peer, seen = TimingWheel::Tick{0}]() mutable {
        if (seen == ticks.passed()) return false;
        seen = ticks.passed();
        EXPECT_EQ(from.receive(4096).size(), 4096u);
        return rig.ends != 0 || seen == 40;
    });
    EXPECT_EQ(rig.ends, 0u);
}

TEST(StallTimeout, EndsAClosingConnectionThatCannotFlush) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(Medium::tcp, recorder, stalled_after(milliseconds(40)));
    Rig::fill(*transport);
    transport->close();
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.count(timed_out), 1u);
}

TEST(Timeouts, WhicheverComesFirstEndsItOnce) {
    for (const bool idle_is_shorter : {true, false}) {
        Recorder recorder;
        Rig rig;
        const milliseconds idle(idle_is_shorter ? 20 : 3'600'000);
        const milliseconds stall(idle_is_shorter ? 3'600'000 : 20);
        auto [peer, transport] =
            rig.connect(Medium::tcp, recorder, {{.high = 1 << 20, .low = 0}, idle, stall});
        Rig::fill(*transport);
        rig.run_until([&] { return rig.ends == 1; });
        EXPECT_EQ(recorder.count(timed_out), 1u);
        ASSERT_EQ(rig.timeouts.size(), 1u);
        EXPECT_EQ(rig.timeouts[0].substr(0, 4), idle_is_shorter ? "idle" : "the ");
    }
}

TEST(Timeouts, AConnectionThatEndsOtherwiseLeavesNothingTimed) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(
        Medium::tcp, recorder, {{.high = 1 << 20, .low = 0}, milliseconds(10), milliseconds(10)});
    Rig::fill(*transport);
    transport->abort();
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_TRUE(rig.idle());
    EXPECT_TRUE(rig.timeouts.empty());
}

}  // namespace
}  // namespace protohost::net::testing

// SPDX-License-Identifier: MIT
// Nothing that makes one wait makes anybody else wait.
#include <chrono>
#include <fcntl.h>
#include <iostream>
#include <string>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "daemon/base/descriptor.hpp"
#include "tests/system/harness/client.hpp"
#include "tests/system/harness/control.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/figures.hpp"
#include "tests/system/harness/preload.hpp"
#include "tests/system/harness/round_trips.hpp"
#include "tests/system/harness/scale.hpp"
#include "tests/system/harness/server.hpp"

namespace protohost::harness {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

class Stall : public testing::Test {
protected:
    /// What makes a daemon wait, and does it again and again.
    struct Obstacle {
        std::string endpoints;
        std::string sign;  ///< the log has it when somebody waits in vain
        std::size_t signs = 1;
        std::string again = sign;  ///< the log has it whenever the obstacle has come back
        std::size_t endpoints_that_wait = 1;
    };
    static constexpr std::size_t returns = 20;  // that are measured, for each endpoint that waits

    std::string fifo(const std::string& name) const {
        const std::string path = folder_.path() / name;
        EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
        return path;
    }

    /// Compares a daemon that has nothing else to do with one that meets the obstacle, by turns,
    /// until the obstacle has come back often enough. A turn is short, so that whatever holds up a
    /// daemon for long is not over before it is its turn.
    void expect_no_delay(const Obstacle& obstacle) {
        const std::size_t turns = scaled("turns of 20 round trips, at least", 200, 50);
        Daemon quiet({.listeners = listener("echo", "echo")});
        Daemon stalled({.listeners = listener("echo", "echo"),
                        .endpoints = obstacle.endpoints,
                        .log = "{level: info, areas: {unit: debug}}",
                        .wrapper = preloaded("libnames.so")});
        const LogLines& log = stalled.log();
        log.wait_for_count(obstacle.sign, obstacle.signs);
        RoundTrips before(Client(quiet.port("echo")));
        RoundTrips during(Client(stalled.port("echo")));
        const std::size_t enough =
            log.count(obstacle.again) + returns * obstacle.endpoints_that_wait;
        const auto deadline = std::chrono::steady_clock::now() + patience;
        for (std::size_t turn = 0; turn < turns || log.count(obstacle.again) < enough; ++turn) {
            ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "it does not come back";
            ASSERT_TRUE(before.play(20));
            ASSERT_TRUE(during.play(20));
        }
        const microseconds usual = before.percentile(0.99);
        const microseconds now = during.percentile(0.99);
        std::cout << "99 % of " << during.count() << " round trips: " << usual.count()
                  << " us, and " << now.count() << " us beside the obstacle\n";
        const microseconds bound = 10 * usual + milliseconds(5);
        EXPECT_LE(now, bound);
        EXPECT_LE(during.slower_than(bound), before.slower_than(bound) + returns / 2);
        // One long wait is one slow round trip: it shows in what all of them took.
        EXPECT_LE(during.total(), 3 * before.total() + milliseconds(200));
        EXPECT_EQ(stalled.stop(), 0) << "nor does it keep the daemon from its end";
    }

    ScratchFolder folder_;
};

const std::string soon = ", reconnect: {initial: 5ms, max: 20ms}, timeouts: {drain: 100ms";

TEST_F(Stall, OfANameServerIsNobodyElses) {
    const std::string given_up = soon + ", connect: 10ms}";
    expect_no_delay(
        {.endpoints = "  one: {connect: \"tcp://one.stalled:1\", protocol: echo" + given_up +
                      "}\n" + "  two: {connect: \"udp://two.stalled:1\", protocol: udp-echo" +
                      given_up + "}\n  three: {connect: \"tcp://127.0.0.1:1\", protocol: echo" +
                      given_up + ", socket: {local: \"tcp://three.stalled:0\"}}\n",
         .sign = "nobody answers for ",
         .signs = 3,
         .again = "is still being resolved",
         .endpoints_that_wait = 3});
}

TEST_F(Stall, OfAFullPipeIsNobodyElses) {
    const std::string path = fifo("full");
    const base::Descriptor reader(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    expect_no_delay({.endpoints = "  full: {write: " + path + ", protocol: spout" + soon +
                                  ", write_stall: 10ms}}\n",
                     .sign = "endpoint full: paused"});
}

TEST_F(Stall, OfAFifoWithoutAReaderIsNobodyElses) {
    expect_no_delay(
        {.endpoints = "  out: {write: " + fifo("unread") + ", protocol: spout" + soon + "}}\n",
         .sign = "nobody reads it",
         .signs = 5});
}

TEST_F(Stall, OfAFifoWithoutAWriterIsNobodyElses) {
    expect_no_delay({.endpoints = "  in: {read: " + fifo("unwritten") + ", protocol: lab" + soon +
                                  ", idle: 10ms}}\n",
                     .sign = "endpoint in: opened "});
}

TEST_F(Stall, OfAPeerThatTakesNothingIsNobodyElses) {
    Server server;
    server.listen();
    expect_no_delay({.endpoints = "  out: {connect: \"" + server.address() + "\", protocol: spout" +
                                  soon + ", write_stall: 10ms}}\n",
                     .sign = "endpoint out: paused"});
}

TEST_F(Stall, OfAPeerThatDoesNotAnswerIsNobodyElses) {
    Server server;
    server.fall_silent();
    expect_no_delay({.endpoints = "  out: {connect: \"" + server.address() + "\", protocol: echo" +
                                  soon + ", connect: 20ms}}\n",
                     .sign = "gave up after 20ms",
                     .signs = 3});
}

TEST_F(Stall, OfALongAnswerToAnOperatorIsNobodyElses) {
    const std::size_t count = scaled("listeners", 1000, 250);
    raise_descriptor_limit();
    std::string listeners = listener("echo", "echo");
    for (std::size_t i = 0; i < count; ++i) {
        listeners += listener("l" + std::to_string(i), "echo", ", limits: {connections: 7}");
    }
    Daemon daemon({.listeners = listeners});
    Client echo(daemon.port("echo"));
    Client asker(daemon.control_socket());
    constexpr std::size_t questions = 9;
    for (const std::string verb :
         {R"("configuration")", R"("status")", R"("list", "arguments": {"what": "listeners"})"}) {
        std::size_t meanwhile = 0;
        for (std::size_t i = 0; i < questions; ++i) {
            ASSERT_TRUE(asker.send(R"({"version": 1, "verb": )" + verb + "}\n"));
            for (; !asker.readable_within(0); ++meanwhile) ASSERT_TRUE(echo.echoes("still"));
            EXPECT_GT(asker.receive_line().size(), 100 * count);
        }
        std::cout << verb << ": " << meanwhile << " round trips during " << questions
                  << " answers\n";
        // Made by the loop, it would be there before the second answer of the echo.
        EXPECT_GT(meanwhile, 2 * questions) << verb;
    }
}

}  // namespace
}  // namespace protohost::harness

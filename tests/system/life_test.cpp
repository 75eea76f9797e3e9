// SPDX-License-Identifier: MIT
#include <chrono>
#include <csignal>
#include <string>

#include <gtest/gtest.h>

#include "tests/system/harness/client.hpp"
#include "tests/system/harness/daemon.hpp"

namespace protohost::harness {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

class StoppingSignal : public testing::TestWithParam<int> {};

TEST_P(StoppingSignal, EndsIdleConnectionsInOrderAndExitsZero) {
    Daemon daemon({.listeners = listener("echo", "echo")});
    const std::uint16_t port = daemon.port("echo");
    Client first(port);
    Client second(port);
    ASSERT_TRUE(first.echoes("hello"));
    ASSERT_TRUE(second.echoes("hello"));

    daemon.signal(GetParam());
    EXPECT_EQ(first.ending(), Ending::orderly);
    EXPECT_EQ(second.ending(), Ending::orderly);
    EXPECT_EQ(daemon.wait(), 0);
    EXPECT_FALSE(Client(port));
    EXPECT_EQ(daemon.log().count(GetParam() == SIGTERM ? "SIGTERM: stopping" : "SIGINT: stopping"),
              1U);
    EXPECT_EQ(daemon.log().count("listener echo: draining 2 connections, at most 30s"), 1U);
    EXPECT_EQ(daemon.log().count(": stopped"), 1U);
}

INSTANTIATE_TEST_SUITE_P(Signals,
                         StoppingSignal,
                         testing::Values(SIGTERM, SIGINT),
                         [](const auto& tested) {
                             return std::string(tested.param == SIGTERM ? "SIGTERM" : "SIGINT");
                         });

TEST(SignalDuringStart, ThatStopsIsObeyedInOrderOnceTheDaemonServes) {
    Daemon daemon({.listeners = listener(
                       "eager", "eager", ", options: {signal: " + std::to_string(SIGTERM) + "}")});
    EXPECT_EQ(daemon.wait(), 0);
    EXPECT_EQ(daemon.log().count("SIGTERM: stopping"), 1U);
}

TEST(SignalDuringStart, ThatReloadsKillsNobody) {
    Daemon daemon({.listeners = listener(
                       "eager", "eager", ", options: {signal: " + std::to_string(SIGHUP) + "}")});
    daemon.log().wait_for("reload 2 (SIGHUP) unchanged");
    EXPECT_TRUE(Client(daemon.port("eager")));
}

TEST(Drain, RefusesNewConnectionsWhileOldOnesFinish) {
    Daemon daemon({.listeners = listener("lab", "lab", ", options: {drain: keep}")});
    const std::uint16_t port = daemon.port("lab");
    Client client(port);
    ASSERT_TRUE(client.send("soon hello\n"));
    ASSERT_EQ(client.receive_line(), "hello\n");
    daemon.signal(SIGTERM);
    daemon.log().wait_for("asked to drain");
    EXPECT_FALSE(Client(port));
    EXPECT_TRUE(client.send("soon still here\n"));
    EXPECT_EQ(client.receive_line(), "still here\n");
    client.shut_down_writing();
    EXPECT_EQ(client.ending(), Ending::orderly);
    EXPECT_EQ(daemon.wait(), 0);
}

TEST(Drain, AbortsAtTheDeadlineWhatNeverCloses) {
    Daemon daemon({.listeners = listener(
                       "lab", "lab", ", options: {drain: keep}, timeouts: {drain: 200ms}")});
    Client client(daemon.port("lab"));
    ASSERT_TRUE(client.send("soon hello\n"));
    ASSERT_EQ(client.receive_line(), "hello\n");
    const auto begin = Clock::now();
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_GE(Clock::now() - begin, milliseconds(200));
    EXPECT_NE(client.ending(), Ending::never);
    EXPECT_EQ(daemon.log().count("listener lab: draining 1 connection, at most 200ms"), 1U);
    EXPECT_EQ(daemon.log().count("listener lab: aborting 1 connection that did not drain"), 1U);
    EXPECT_EQ(daemon.log().count("plugin.lab: listener lab: lost: in order"), 1U);
}

TEST(Drain, AbortsAtTheDeadlineAPeerThatDoesNotRead) {
    Daemon daemon({.listeners = listener("lab", "lab", ", timeouts: {drain: 200ms}")});
    Client client(daemon.port("lab"), {.receive_buffer = 4096});
    ASSERT_TRUE(client.send("fill 16000000\n"));
    daemon.log().wait_for("fill: accepted");
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_EQ(daemon.log().count("listener lab: aborting 1 connection that did not drain"), 1U);
}

TEST(Drain, HonoursAProtocolThatFinishesItsMessageAndCloses) {
    Daemon daemon({.listeners = listener("lab", "lab", ", options: {drain: finish}")});
    Client client(daemon.port("lab"));
    ASSERT_TRUE(client.send("soon hello\n"));
    ASSERT_EQ(client.receive_line(), "hello\n");
    daemon.signal(SIGTERM);
    EXPECT_EQ(client.receive_line(), "the message is finished\n");
    EXPECT_EQ(client.ending(), Ending::orderly);
    EXPECT_EQ(daemon.wait(), 0);
    EXPECT_EQ(daemon.log().count("aborting"), 0U);
}

TEST(Drain, FlushesWhatWasWrittenBeforeTheStop) {
    Daemon daemon({.listeners = listener("lab", "lab")});
    Client client(daemon.port("lab"), {.receive_buffer = 4096});
    ASSERT_TRUE(client.send("fill 8000000\n"));
    daemon.log().wait_for("fill: accepted");
    daemon.signal(SIGTERM);
    daemon.log().wait_for("asked to drain");
    EXPECT_EQ(client.receive(8'000'000), std::string(8'000'000, 'x'));
    EXPECT_EQ(client.ending(), Ending::orderly);
    EXPECT_EQ(daemon.wait(), 0);
}

TEST(Drain, IsCutShortByASecondSignal) {
    Daemon daemon({.listeners = listener("lab", "lab", ", options: {drain: keep}")});
    Client client(daemon.port("lab"));
    ASSERT_TRUE(client.send("soon hello\n"));
    ASSERT_EQ(client.receive_line(), "hello\n");
    const auto begin = Clock::now();
    daemon.signal(SIGTERM);
    daemon.log().wait_for("asked to drain");
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_LT(Clock::now() - begin, std::chrono::seconds(25));
    EXPECT_NE(client.ending(), Ending::never);
}

TEST(Life, GoesOnAfterHangup) {
    Daemon daemon({.listeners = listener("echo", "echo")});
    Client client(daemon.port("echo"));
    ASSERT_TRUE(client.echoes("before"));
    daemon.signal(SIGHUP);
    daemon.log().wait_for("SIGHUP");
    EXPECT_TRUE(client.echoes("after"));
    daemon.signal(SIGPIPE);
    EXPECT_TRUE(client.echoes("after a broken pipe"));
    EXPECT_TRUE(Client(daemon.port("echo")).echoes("anew"));
}

TEST(Life, GoesOnWhenAPeerVanishesInTheMiddleOfAnAnswer) {
    Daemon daemon({.listeners = listener("lab", "lab")});
    Client other(daemon.port("lab"));
    for (int i = 0; i < 20; ++i) {
        Client client(daemon.port("lab"), {.receive_buffer = 4096});
        ASSERT_TRUE(client.send("fill 4000000\n"));
        ASSERT_EQ(client.receive(10), "xxxxxxxxxx");
        client.reset();
    }
    daemon.log().wait_for_count("lost: ", 20);
    EXPECT_TRUE(other.send("soon alive\n"));
    EXPECT_EQ(other.receive_line(), "alive\n");
}

}  // namespace
}  // namespace protohost::harness

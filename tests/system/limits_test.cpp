// SPDX-License-Identifier: MIT
#include <string>

#include <gtest/gtest.h>

#include "tests/system/harness/client.hpp"
#include "tests/system/harness/daemon.hpp"

namespace protohost::harness {
namespace {

TEST(LimitOfConnections, LeavesFurtherOnesInTheQueueUntilOneLeaves) {
    Daemon daemon({.listeners = listener("echo", "echo", ", limits: {connections: 2}"),
                   .log = "{level: debug}"});
    const std::uint16_t port = daemon.port("echo");
    Client first(port);
    Client second(port);
    ASSERT_TRUE(first.echoes("one") && second.echoes("two"));
    Client third(port);
    Client fourth(port);
    ASSERT_TRUE(third.send("three") && fourth.send("four"));
    // The others go on, and would have overtaken them a hundred times.
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(first.echoes("again") && second.echoes("again"));
    EXPECT_FALSE(third.readable_within(0));
    EXPECT_FALSE(fourth.readable_within(0));
    first.close();
    EXPECT_EQ(third.receive(5), "three");
    EXPECT_FALSE(fourth.readable_within(0));
    second.close();
    EXPECT_EQ(fourth.receive(4), "four");
    EXPECT_TRUE(third.echoes("three"));
}

TEST(LimitOfConnections, IsNoneAtTheStop) {
    Daemon daemon({.listeners = listener("echo", "echo", ", limits: {connections: 1}")});
    Client served(daemon.port("echo"));
    ASSERT_TRUE(served.echoes("hello"));
    Client waiting(daemon.port("echo"));
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_EQ(served.ending(), Ending::orderly);
    EXPECT_NE(waiting.ending(), Ending::never);
}

TEST(LimitPerSource, ClosesFurtherOnesAndNobodyElses) {
    Daemon daemon({.listeners = listener("echo", "echo", ", limits: {per_source: 2}"),
                   .log = "{level: debug}"});
    const std::uint16_t port = daemon.port("echo");
    Client first(port);
    Client second(port);
    ASSERT_TRUE(first.echoes("one") && second.echoes("two"));
    Client third(port);
    EXPECT_NE(third.ending(), Ending::never);
    const std::string closed =
        "connection from " + third.name() + " closed: over limits.per_source (2)";
    daemon.log().wait_for(closed);
    Client elsewhere(port, {.from = 2});
    EXPECT_TRUE(elsewhere.echoes("from another address"));
    const std::string name = first.name();
    first.close();
    daemon.log().wait_for("connection from " + name + " ended");
    EXPECT_TRUE(Client(port).echoes("one left"));
    EXPECT_EQ(daemon.log().count(closed), 1U);
}

}  // namespace
}  // namespace protohost::harness

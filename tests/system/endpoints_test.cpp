// SPDX-License-Identifier: MIT
// Outgoing endpoints of the real daemon, whose peers are there or not.
#include <algorithm>
#include <csignal>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/base/fake_service_manager.hpp"
#include "tests/system/harness/client.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/figures.hpp"
#include "tests/system/harness/server.hpp"

namespace protohost::harness {
namespace {

constexpr const char* quickly = ", reconnect: {initial: 5ms, max: 20ms}";

std::string quickly_and(std::string_view more) {
    return std::string(quickly).append(more);
}

std::string connect_to(const Server& server, const std::string& more = quickly) {
    return "  out: {connect: \"" + server.address() + "\", protocol: echo" + more + "}\n";
}

class ConnectingEndpoint : public testing::Test {
protected:
    std::string refusal() const {
        return "endpoint out: connect to 127.0.0.1:" + std::to_string(server_.port()) +
               " failed: Connection refused";
    }

    Server server_;
};

TEST_F(ConnectingEndpoint, WhosePeerIsDownAtTheStartKeepsNobodyFromServing) {
    Daemon daemon({.listeners = listener("echo", "echo"),
                   .endpoints = connect_to(server_),
                   .log = "{level: info, areas: {unit: debug}}"});
    EXPECT_TRUE(Client(daemon.port("echo")).echoes("hello"));
    daemon.log().wait_for_count("endpoint out: opening " + server_.address(), 5);
    const auto told = daemon.log().with(refusal());
    ASSERT_GE(told.size(), 4U);
    EXPECT_NE(told[0].find(" warn "), std::string::npos);
    for (std::size_t i = 1; i < told.size(); ++i) {
        EXPECT_NE(told[i].find(" debug "), std::string::npos) << "once is enough: " << told[i];
    }
    server_.listen();
    Client peer = server_.accept();
    EXPECT_TRUE(peer.echoes("there at last"));
    daemon.log().wait_for("endpoint out: connected to " + server_.address() +
                          " with protocol echo/echo, after ");
}

TEST_F(ConnectingEndpoint, ComesBackAfterEveryLoss) {
    server_.listen();
    Daemon daemon({.endpoints = connect_to(server_)});
    for (int times = 0; times < 20; ++times) {
        Client peer = server_.accept();
        ASSERT_TRUE(peer.echoes("hello"));
        times % 2 == 0 ? peer.close() : peer.reset();
    }
    EXPECT_TRUE(server_.accept().echoes("once more"));
}

TEST_F(ConnectingEndpoint, ThatIsResetAgainAndAgainSaysWhyOnce) {
    server_.listen();
    Daemon daemon({.endpoints = connect_to(server_, ", reconnect: {initial: 5ms, max: 1h}")});
    for (int times = 0; times < 4; ++times) {
        Client peer = server_.accept();
        ASSERT_TRUE(peer.echoes("hello")) << "a reset before this would be a failed attempt";
        peer.reset();
    }
    Client last = server_.accept();
    const auto told = daemon.log().with("endpoint out: " + server_.address() +
                                        " was lost: Connection reset by peer");
    ASSERT_EQ(told.size(), 1U);
    EXPECT_NE(told[0].find(" warn "), std::string::npos);
}

TEST(UnixEndpoint, ComesFromItsLocalAddressAndLeavesNoFile) {
    const ScratchFolder folder;
    const std::string server = folder.path() / "server";
    const std::string own = folder.path() / "own";
    {
        Daemon daemon({.listeners = "  in: {listen: \"unix://" + server + "\", protocol: echo}\n",
                       .endpoints = "  out: {connect: \"unix://" + server +
                                    "\", protocol: echo, socket: {local: \"unix://" + own +
                                    "\"}}\n",
                       .log = "{level: debug}"});
        daemon.log().wait_for("listener in: connection from " + own);
        EXPECT_TRUE(std::filesystem::is_socket(own));
    }
    EXPECT_FALSE(std::filesystem::exists(own));
    EXPECT_FALSE(std::filesystem::exists(own + ".lock"));
}

TEST_F(ConnectingEndpoint, GivesUpABlackHoleAfterItsTimeoutAndTriesAgain) {
    server_.fall_silent();
    Daemon daemon({.listeners = listener("echo", "echo"),
                   .endpoints = connect_to(server_, quickly_and(", timeouts: {connect: 50ms}")),
                   .log = "{level: info, areas: {unit: debug}}"});
    daemon.log().wait_for_count(
        "endpoint out: connect to " + server_.address() + " gave up after 50ms", 2);
    const std::size_t descriptors = open_descriptors(daemon.pid());
    daemon.log().wait_for_count("gave up after 50ms", 6);
    EXPECT_LE(open_descriptors(daemon.pid()), descriptors + 1) << "one may be connecting";
    EXPECT_TRUE(Client(daemon.port("echo")).echoes("hello"));
}

TEST_F(ConnectingEndpoint, IsStoppedWhileItConnects) {
    server_.fall_silent();
    Daemon daemon({.endpoints = connect_to(server_, ", timeouts: {connect: 1h}")});
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_EQ(daemon.log().count(": stopped"), 1U);
}

TEST_F(ConnectingEndpoint, IsStoppedWhileItWaits) {
    Daemon daemon({.endpoints = connect_to(server_, ", reconnect: {initial: 1h, max: 1h}")});
    daemon.log().wait_for(refusal());
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_EQ(daemon.log().count(": stopped"), 1U);
}

using fakes::FakeServiceManager;

std::vector<std::string> wrapper(const FakeServiceManager& manager) {
    return {"env", "NOTIFY_SOCKET=" + manager.name()};
}

/// How often it was told something that begins with `what`.
std::ptrdiff_t told(const std::vector<std::string>& heard, std::string_view what) {
    return std::count_if(
        heard.begin(), heard.end(), [&](const auto& one) { return one.starts_with(what); });
}

TEST_F(ConnectingEndpoint, ThatIsRequiredKeepsTheDaemonFromBeingReadyAndNothingElse) {
    const FakeServiceManager manager;
    Daemon daemon({.listeners = listener("echo", "echo"),
                   .endpoints = connect_to(server_, quickly_and(", required: true")),
                   .wrapper = wrapper(manager),
                   .awaited = refusal()});
    EXPECT_TRUE(Client(daemon.port("echo")).echoes("hello"));
    EXPECT_EQ(daemon.log().count(" serves "), 0U);
    EXPECT_EQ(told(manager.hear_all(), "READY=1"), 0);
    server_.listen();
    const Client peer = server_.accept();
    daemon.log().wait_for(" serves ");
    EXPECT_EQ(daemon.stop(), 0);
    const auto heard = manager.hear_all();
    EXPECT_EQ(told(heard, "READY=1\nSTATUS=Serving: 2 units, "), 1);
    EXPECT_EQ(told(heard, "STOPPING=1\nSTATUS=Stopping: "), 1);
    EXPECT_EQ(told(heard, "EXTEND_TIMEOUT_USEC=15000000"), 1);
}

TEST_F(ConnectingEndpoint, ThatIsRequiredIsStoppedBeforeItIsOpen) {
    Daemon daemon(
        {.endpoints = connect_to(server_, quickly_and(", required: true")), .awaited = refusal()});
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_EQ(daemon.log().count(" serves "), 0U);
}

TEST_F(ConnectingEndpoint, ThatIsRequiredAndTriesNoMoreEndsTheDaemon) {
    const FakeServiceManager manager;
    Daemon daemon({.listeners = listener("echo", "echo"),
                   .endpoints = connect_to(server_, ", reconnect: never, required: true"),
                   .wrapper = wrapper(manager),
                   .awaited = "cannot start"});
    EXPECT_EQ(daemon.wait(), 1);
    EXPECT_EQ(
        daemon.log().count("supervisor: cannot start: what is required is not there: " + refusal()),
        1U);
    EXPECT_EQ(daemon.log().count(" serves "), 0U);
    const auto heard = manager.hear_all();
    EXPECT_EQ(told(heard, "READY=1"), 0);
    EXPECT_EQ(told(heard, "STATUS=Failed: endpoint out: "), 1);
}

TEST_F(ConnectingEndpoint, ThatIsRequiredAndWasLostLeavesTheDaemonReady) {
    server_.listen();
    Daemon daemon({.endpoints = connect_to(server_, ", reconnect: never, required: true")});
    server_.accept().close();
    daemon.log().wait_for("endpoint out: not opened again: reconnect is never");
    EXPECT_EQ(daemon.stop(), 0);
}

}  // namespace
}  // namespace protohost::harness

// SPDX-License-Identifier: MIT
// Outgoing endpoints of the real daemon, whose peers are there or not.
#include <array>
#include <csignal>
#include <filesystem>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>

#include <gtest/gtest.h>

#include "tests/system/harness/client.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/figures.hpp"
#include "tests/system/harness/server.hpp"

namespace protohost::harness {
namespace {

constexpr const char* quickly = ", reconnect: {initial: 5ms, max: 20ms}";

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
    Daemon daemon(
        {.listeners = listener("echo", "echo"),
         .endpoints = connect_to(server_, std::string(quickly) + ", timeouts: {connect: 50ms}"),
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

/// Where the service manager is told that the daemon is ready.
class ServiceManager {
public:
    ServiceManager() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path().copy(address.sun_path, sizeof address.sun_path - 1);
        const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
        EXPECT_EQ(::bind(socket_.get(), generic, sizeof address), 0);
    }
    std::string path() const { return folder_.path() / "notify"; }
    std::vector<std::string> wrapper() const { return {"env", "NOTIFY_SOCKET=" + path()}; }
    /// What has been said by now.
    std::string heard() {
        std::array<char, 4096> buffer{};
        while (true) {
            const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
            if (size < 0) return heard_;
            heard_.append(buffer.data(), static_cast<std::size_t>(size)).append(" ");
        }
    }

private:
    ScratchFolder folder_;
    base::Descriptor socket_;
    std::string heard_;
};

TEST_F(ConnectingEndpoint, ThatIsRequiredKeepsTheDaemonFromBeingReadyAndNothingElse) {
    ServiceManager manager;
    Daemon daemon({.listeners = listener("echo", "echo"),
                   .endpoints = connect_to(server_, std::string(quickly) + ", required: true"),
                   .wrapper = manager.wrapper(),
                   .awaited = refusal()});
    EXPECT_TRUE(Client(daemon.port("echo")).echoes("hello"));
    EXPECT_EQ(daemon.log().count(" serves "), 0U);
    EXPECT_EQ(manager.heard(), "");
    server_.listen();
    const Client peer = server_.accept();
    daemon.log().wait_for(" serves ");
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_EQ(manager.heard(), "READY=1 STOPPING=1 ");
}

TEST_F(ConnectingEndpoint, ThatIsRequiredIsStoppedBeforeItIsOpen) {
    Daemon daemon({.endpoints = connect_to(server_, std::string(quickly) + ", required: true"),
                   .awaited = refusal()});
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_EQ(daemon.log().count(" serves "), 0U);
}

TEST_F(ConnectingEndpoint, ThatIsRequiredAndTriesNoMoreEndsTheDaemon) {
    ServiceManager manager;
    Daemon daemon({.listeners = listener("echo", "echo"),
                   .endpoints = connect_to(server_, ", reconnect: never, required: true"),
                   .wrapper = manager.wrapper(),
                   .awaited = "cannot start"});
    EXPECT_EQ(daemon.wait(), 1);
    EXPECT_EQ(
        daemon.log().count("supervisor: cannot start: what is required is not there: " + refusal()),
        1U);
    EXPECT_EQ(daemon.log().count(" serves "), 0U);
    EXPECT_EQ(manager.heard().find("READY"), std::string::npos);
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

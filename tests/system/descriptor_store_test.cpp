// SPDX-License-Identifier: MIT
// Sockets that the service manager keeps while no daemon runs.
#include <csignal>
#include <filesystem>
#include <string>
#include <sys/socket.h>
#include <vector>

#include <gtest/gtest.h>

#include "tests/system/harness/client.hpp"
#include "tests/system/harness/control.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/datagram_client.hpp"
#include "tests/system/harness/free_port.hpp"
#include "tests/system/harness/service_manager.hpp"

namespace protohost::harness {
namespace {

class DescriptorStore : public testing::TestWithParam<int> {
protected:
    /// TCP, UNIX and UDP, each at an address that does not depend on who asks.
    DaemonSetup three() const {
        return {.listeners = "  web: {listen: [\"tcp://127.0.0.1:0\", \"unix://" + path_ +
                             "\"], protocol: echo}\n",
                .endpoints = "  dns: {bind: \"udp://127.0.0.1:0\", protocol: udp-echo}\n"};
    }
    static DaemonSetup at(const std::string& listen,
                          const std::string& name = "web",
                          const std::string& more = {}) {
        return {.listeners =
                    "  " + name + ": {listen: \"" + listen + "\", protocol: echo" + more + "}\n"};
    }

    const ScratchFolder folder_;
    const std::string path_ = folder_.path() / "web.sock";
    ServiceManager manager_;
};

TEST_P(DescriptorStore, ClientsWaitForTheNextDaemonHoweverTheLastHasEnded) {
    Daemon first(manager_.starting(three()));
    ASSERT_TRUE(manager_.wait_for_kept(3));
    const std::uint16_t port = first.port("web");
    const std::string dns = "127.0.0.1:" + std::to_string(first.port("dns"));
    first.signal(GetParam());
    EXPECT_EQ(first.wait(), GetParam() == SIGKILL ? 128 + SIGKILL : 0);

    Client tcp(port);
    Client local(path_);
    const DatagramClient udp;
    udp.send("hello", dns);
    ASSERT_TRUE(tcp);
    ASSERT_TRUE(local) << "the file is there, and somebody behind it";
    EXPECT_TRUE(tcp.send("hello\n"));

    Daemon second(manager_.starting(three()));
    EXPECT_EQ(tcp.receive_line(), "hello\n");
    EXPECT_TRUE(local.echoes("hello"));
    EXPECT_EQ(udp.receive(), (ReceivedDatagram{"hello", dns}));
    EXPECT_EQ(second.port("web"), port) << "port 0 is one that is free, and then it stays";
    EXPECT_EQ(manager_.kept().size(), 3U);
}

INSTANTIATE_TEST_SUITE_P(Ends,
                         DescriptorStore,
                         testing::Values(SIGTERM, SIGKILL),
                         [](const auto& tested) {
                             return std::string(tested.param == SIGTERM ? "Stopped" : "Killed");
                         });

using DescriptorStored = DescriptorStore;

TEST_F(DescriptorStored, BeforeTheDaemonIsReady) {
    const Daemon daemon(manager_.starting(three()));
    manager_.wait_for("FDSTORE=1\nFDPOLL=0\nFDNAME=stored|");
    manager_.wait_for("READY=1");
    EXPECT_EQ(manager_.kept().size(), 3U);
}

TEST_F(DescriptorStored, FollowsReloadsAndWhatAnOperatorStops) {
    const Daemon daemon(manager_.starting(three()));
    const Control control(daemon);
    ASSERT_TRUE(manager_.wait_for_kept(3));
    daemon.rewrite({.endpoints = three().endpoints});
    control.reload();
    ASSERT_TRUE(manager_.wait_for_kept(1));
    EXPECT_FALSE(std::filesystem::exists(path_));
    daemon.rewrite(three());
    control.reload();
    ASSERT_TRUE(manager_.wait_for_kept(3));
    EXPECT_EQ(control.run({"stop", "web"}).code, 0);
    ASSERT_TRUE(manager_.wait_for_kept(1));
    EXPECT_EQ(control.run({"start", "web"}).code, 0);
    ASSERT_TRUE(manager_.wait_for_kept(3));
}

TEST_F(DescriptorStored, WhatTheConfigurationWantsNoMoreIsGivenUpFirst) {
    const std::string port = std::to_string(free_port());
    Daemon first(manager_.starting(at("tcp://127.0.0.1:" + port)));
    ASSERT_TRUE(manager_.wait_for_kept(1));
    EXPECT_EQ(first.stop(), 0);
    // The two exclude each other, also while the one that is not wanted is only kept.
    Daemon second(manager_.starting(at("tcp://0.0.0.0:" + port)));
    EXPECT_TRUE(Client(static_cast<std::uint16_t>(std::stoi(port))).echoes("hello"));
    ASSERT_TRUE(manager_.wait_for_kept(1));
    EXPECT_NE(manager_.kept().front().find("0.0.0.0"), std::string::npos);
}

TEST_F(DescriptorStored, AnotherNameOfTheUnitIsNoOtherSocket) {
    const std::string address = "tcp://127.0.0.1:" + std::to_string(free_port());
    Daemon first(manager_.starting(at(address)));
    ASSERT_TRUE(manager_.wait_for_kept(1));
    const std::uint16_t port = first.port("web");
    EXPECT_EQ(first.stop(), 0);
    Client client(port);
    Daemon second(manager_.starting(at(address, "site")));
    EXPECT_TRUE(client.echoes("hello"));
    ASSERT_TRUE(manager_.wait_for_kept(1));
    EXPECT_TRUE(manager_.kept().front().ends_with("|site"));
}

TEST_F(DescriptorStored, WhatOnlyBindCanSetIsSetAtTheNextStart) {
    const std::string address = "tcp://127.0.0.1:" + std::to_string(free_port());
    Daemon first(manager_.starting(at(address, "web", ", socket: {reuse_port: true}")));
    ASSERT_TRUE(manager_.wait_for_kept(1));
    EXPECT_EQ(first.stop(), 0);
    Daemon second(manager_.starting(at(address)));
    EXPECT_TRUE(Client(second.port("web")).echoes("hello"));
    ASSERT_TRUE(manager_.wait_for_kept(1));
    const base::Descriptor kept = manager_.copy_of(manager_.kept().front());
    int shared = -1;
    socklen_t size = sizeof shared;
    ASSERT_EQ(::getsockopt(kept.get(), SOL_SOCKET, SO_REUSEPORT, &shared, &size), 0);
    EXPECT_EQ(shared, 0);
}

TEST_F(DescriptorStored, AFileThatIsGoneIsMadeAgain) {
    Daemon first(manager_.starting(at("unix://" + path_)));
    ASSERT_TRUE(manager_.wait_for_kept(1));
    EXPECT_EQ(first.stop(), 0);
    std::filesystem::remove(path_);
    Daemon second(manager_.starting(at("unix://" + path_)));
    EXPECT_TRUE(Client(path_).echoes("hello"));
    ASSERT_TRUE(manager_.wait_for_kept(1));
}

TEST_F(DescriptorStored, UnderNamesThatSystemdTakes) {
    // The manager of the test looks at each name.
    const std::string path = folder_.path() / "%|é and blanks.sock";
    const std::string abstract = "unix:@" + std::string(100, '|');
    const DaemonSetup setup{.listeners = "  web: {listen: [\"unix://" + path + "\", \"" + abstract +
                                         "\"], protocol: echo}\n"};
    Daemon first(manager_.starting(setup));
    ASSERT_TRUE(manager_.wait_for_kept(2));
    EXPECT_EQ(first.stop(), 0);
    Client client(path);
    Daemon second(manager_.starting(setup));
    EXPECT_TRUE(client.echoes("hello"));
    EXPECT_EQ(manager_.kept().size(), 2U);
}

TEST_F(DescriptorStored, WithoutAServiceManagerTheFileGoesWithTheDaemon) {
    Daemon daemon(at("unix://" + path_));
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(DescriptorStored, WhenAllIsForgottenTheStaleFileIsReplaced) {
    Daemon first(manager_.starting(at("unix://" + path_)));
    ASSERT_TRUE(manager_.wait_for_kept(1));
    EXPECT_EQ(first.stop(), 0);
    manager_.forget();
    Daemon second(manager_.starting(at("unix://" + path_)));
    EXPECT_TRUE(Client(path_).echoes("hello"));
}

}  // namespace
}  // namespace protohost::harness

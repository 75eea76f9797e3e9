// SPDX-License-Identifier: MIT
// The real daemon, and what it tells a service manager.
#include <chrono>
#include <csignal>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/daemon/base/fake_service_manager.hpp"
#include "tests/system/harness/client.hpp"
#include "tests/system/harness/daemon.hpp"

namespace protohost::harness {
namespace {

using fakes::FakeServiceManager;

/// The next that begins with `what`; everything before it is passed over. Empty: it never comes.
std::string next(const FakeServiceManager& manager, std::string_view what) {
    constexpr int patience = 60'000;
    while (true) {
        std::string heard = manager.hear(patience);
        if (heard.empty() || heard.starts_with(what)) return heard;
    }
}

TEST(Service, IsReadyReloadsIsAliveAndStops) {
    const FakeServiceManager manager;
    Daemon daemon({.listeners = listener("echo", "echo"),
                   .wrapper = {"env", "NOTIFY_SOCKET=" + manager.name(), "WATCHDOG_USEC=20000"}});
    EXPECT_NE(next(manager, "READY=1"), "");
    EXPECT_NE(next(manager, "WATCHDOG=1"), "");
    EXPECT_NE(next(manager, "WATCHDOG=1"), "");
    daemon.signal(SIGHUP);
    EXPECT_NE(next(manager, "RELOADING=1\nMONOTONIC_USEC="), "");
    EXPECT_EQ(next(manager, "READY=1"),
              "READY=1\nSTATUS=Serving: 1 unit, 0 connections; reload 2 unchanged");
    Client client(daemon.port("echo"));
    EXPECT_TRUE(client.echoes("hello"));
    daemon.signal(SIGTERM);
    EXPECT_NE(next(manager, "STOPPING=1\nSTATUS=Stopping: 1 connection left"), "");
    EXPECT_NE(next(manager, "EXTEND_TIMEOUT_USEC="), "");
    EXPECT_EQ(daemon.wait(), 0);
}

TEST(Service, ThatCannotServeSaysWhy) {
    const FakeServiceManager manager;
    const ScratchFolder folder;
    const std::string file =
        folder.write("protohost.yaml", "listeners: {one: {listen: nowhere}}\n");
    const Finished done =
        run({"env", "NOTIFY_SOCKET=" + manager.name(), daemon_program(), "--config", file});
    EXPECT_EQ(done.code, 78);
    const std::string said = manager.hear();
    EXPECT_TRUE(said.starts_with("STATUS=Failed: " + file + ":1:")) << said;
    EXPECT_EQ(manager.hear(), "");
}

TEST(Service, WithANotifySocketThatItCannotSpeakToServesAllTheSame) {
    Daemon daemon(
        {.listeners = listener("echo", "echo"), .wrapper = {"env", "NOTIFY_SOCKET=vsock:2:1"}});
    EXPECT_EQ(daemon.log().count("NOTIFY_SOCKET: \"vsock:2:1\" is no UNIX socket"), 1U);
    EXPECT_TRUE(Client(daemon.port("echo")).echoes("hello"));
    EXPECT_EQ(daemon.stop(), 0);
}

}  // namespace
}  // namespace protohost::harness

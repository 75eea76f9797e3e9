// SPDX-License-Identifier: MIT
#include "daemon/base/service_notification.hpp"

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/daemon/base/fake_service_manager.hpp"

namespace protohost::base {
namespace {

using fakes::FakeServiceManager;
using fakes::Variable;

TEST(ServiceSocket, WithoutAManagerGoesNowhere) {
    ::unsetenv("NOTIFY_SOCKET");
    const auto socket = ServiceSocket::take_from_environment();
    ASSERT_TRUE(socket);
    EXPECT_FALSE(*socket);
    socket->send("READY=1");
}

TEST(ServiceSocket, IsTakenOutOfTheEnvironmentAndGoesOnSpeaking) {
    const FakeServiceManager manager;
    const Variable variable("NOTIFY_SOCKET", manager.name());
    const auto socket = ServiceSocket::take_from_environment();
    ASSERT_TRUE(socket);
    ASSERT_TRUE(*socket);
    EXPECT_EQ(std::getenv("NOTIFY_SOCKET"), nullptr);
    socket->send("READY=1\nSTATUS=well");
    socket->send_or_drop("STATUS=better");
    EXPECT_EQ(manager.hear(), "READY=1\nSTATUS=well");
    EXPECT_EQ(manager.hear(), "STATUS=better");
}

TEST(ServiceSocket, SpeaksToAPathAlsoWhereTheManagerHasStartedAnew) {
    const std::string path = "notify." + std::to_string(::getpid());
    const std::string whole = std::filesystem::temp_directory_path() / path;
    auto first = std::make_unique<FakeServiceManager>(whole);
    const Variable variable("NOTIFY_SOCKET", whole);
    const auto socket = ServiceSocket::take_from_environment();
    ASSERT_TRUE(socket);
    socket->send("READY=1");
    EXPECT_EQ(first->hear(), "READY=1");
    first.reset();
    std::filesystem::remove(whole);
    socket->send("STATUS=nobody hears it");
    const FakeServiceManager second(whole);
    socket->send("STATUS=again");
    EXPECT_EQ(second.hear(), "STATUS=again");
    std::filesystem::remove(whole);
}

TEST(ServiceSocket, DropsWhatIsSaidAnewWhereTheManagerIsBehind) {
    const FakeServiceManager manager;
    const Variable variable("NOTIFY_SOCKET", manager.name());
    const auto socket = ServiceSocket::take_from_environment();
    ASSERT_TRUE(socket);
    // More than any queue of datagrams has room for, and none of it waits.
    constexpr int many = 5000;
    for (int i = 0; i < many; ++i) socket->send_or_drop("STATUS=" + std::to_string(i));
    const auto heard = manager.hear_all();
    EXPECT_GT(heard.size(), 0U);
    EXPECT_LT(heard.size(), std::size_t{many});
    socket->send("READY=1");
    EXPECT_EQ(manager.hear(), "READY=1");
}

TEST(ServiceSocket, OfAnotherKindIsRefusedAndTakenOutAllTheSame) {
    for (const std::string name : {"vsock:2:1234", "relative", "/", "@", "\x1b[31m"}) {
        const Variable variable("NOTIFY_SOCKET", name);
        const auto socket = ServiceSocket::take_from_environment();
        ASSERT_FALSE(socket) << name;
        EXPECT_EQ(socket.error().front().where, "NOTIFY_SOCKET");
        EXPECT_EQ(socket.error().front().what.find('\x1b'), std::string::npos);
        EXPECT_EQ(std::getenv("NOTIFY_SOCKET"), nullptr);
    }
    const Variable variable("NOTIFY_SOCKET", '/' + std::string(200, 'x'));
    EXPECT_FALSE(ServiceSocket::take_from_environment());
}

TEST(Watchdog, IsForTheProcessThatItNames) {
    ::unsetenv("WATCHDOG_PID");
    ::unsetenv("WATCHDOG_USEC");
    EXPECT_FALSE(take_watchdog_interval());
    {
        const Variable interval("WATCHDOG_USEC", "20000000");
        const Variable pid("WATCHDOG_PID", std::to_string(::getpid()));
        EXPECT_EQ(take_watchdog_interval(), std::chrono::seconds(20));
        EXPECT_EQ(std::getenv("WATCHDOG_USEC"), nullptr);
        EXPECT_EQ(std::getenv("WATCHDOG_PID"), nullptr);
    }
    {
        const Variable interval("WATCHDOG_USEC", "20000000");
        EXPECT_EQ(take_watchdog_interval(), std::chrono::seconds(20)) << "whoever it is";
    }
    {
        const Variable interval("WATCHDOG_USEC", "20000000");
        const Variable pid("WATCHDOG_PID", std::to_string(::getppid()));
        EXPECT_FALSE(take_watchdog_interval()) << "that is another process";
        EXPECT_EQ(std::getenv("WATCHDOG_USEC"), nullptr);
    }
    for (const char* const broken : {"0", "soon", "-1", ""}) {
        const Variable interval("WATCHDOG_USEC", broken);
        EXPECT_FALSE(take_watchdog_interval()) << broken;
    }
}

}  // namespace
}  // namespace protohost::base

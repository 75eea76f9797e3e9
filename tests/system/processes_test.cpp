// SPDX-License-Identifier: MIT
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "tests/system/harness/client.hpp"
#include "tests/system/harness/daemon.hpp"

namespace protohost::harness {
namespace {

/// A shell that begins with `line`, and becomes the daemon.
std::vector<std::string> shell(const std::string& line) {
    return {"/bin/sh", "-c", line + "; exec \"$0\" \"$@\""};
}

std::string date(const Daemon& daemon) {
    Client client(daemon.port("date"));
    std::string said;
    EXPECT_EQ(client.ending(&said), Ending::orderly);
    return said;
}

TEST(Processes, AreWaitedForAlsoWhereWhoeverStartsTheDaemonIgnoresThem) {
    Daemon daemon(
        {.listeners = listener("date", "subprocess-date"), .wrapper = shell("trap '' CHLD")});
    EXPECT_NE(date(daemon), "");
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_EQ(daemon.log().count("nobody knows how"), 0U);
}

TEST(Processes, FindNoSocketAtADescriptorThatTheDaemonWasStartedWithout) {
    Daemon daemon({.listeners = listener("date", "subprocess-date"), .wrapper = shell("exec <&-")});
    EXPECT_EQ(std::filesystem::read_symlink("/proc/" + std::to_string(daemon.pid()) + "/fd/0"),
              "/dev/null");
    EXPECT_NE(date(daemon), "");
}

}  // namespace
}  // namespace protohost::harness

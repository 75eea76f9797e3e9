// SPDX-License-Identifier: MIT
#include <string>

#include <gtest/gtest.h>

#include "tests/system/harness/client.hpp"
#include "tests/system/harness/daemon.hpp"

namespace protohost::harness {
namespace {

/// Serves what a stranger's project made of the installed SDK.
void serve_plugins_of(const std::string& build) {
    Daemon daemon({.listeners = listener("upper", "upper", ", options: {greeting: hello}") +
                                listener("polite", "upper") + listener("rot13", "rot13"),
                   .plugins = PROTOHOST_BUILD_DIR "/tests/sdk/" + build + "/plugins"});
    Client upper(daemon.port("upper"));
    EXPECT_EQ(upper.receive(5), "hello");
    ASSERT_TRUE(upper.send("loud"));
    EXPECT_EQ(upper.receive(4), "LOUD");
    Client polite(daemon.port("polite"));
    ASSERT_TRUE(polite.send("not greeted"));
    EXPECT_EQ(polite.receive(11), "NOT GREETED");
    Client rot13(daemon.port("rot13"));
    ASSERT_TRUE(rot13.send("Hello, world"));
    EXPECT_EQ(rot13.receive(12), "Uryyb, jbeyq");
    EXPECT_EQ(daemon.stop(), 0);
}

TEST(OutsidePlugins, OfGccAreServed) {
    serve_plugins_of("gcc");
}

TEST(OutsidePlugins, OfClangAreServed) {
    serve_plugins_of("clang");
}

TEST(OutsidePlugins, OfPkgConfigAreServed) {
    serve_plugins_of("pkg_config");
}

}  // namespace
}  // namespace protohost::harness

// SPDX-License-Identifier: MIT
#include "plugins/forward/target.hpp"

#include <gtest/gtest.h>

namespace {

using forward::Target;

void expect_target(std::string_view text, std::string_view host, std::uint16_t port) {
    const auto target = Target::parse(text);
    ASSERT_TRUE(target) << text;
    EXPECT_EQ(target->host, host) << text;
    EXPECT_EQ(target->port, port) << text;
    EXPECT_EQ(target->written, text);
}

TEST(ForwardTarget, IsAHostWithAPortOrAPath) {
    expect_target("tcp://127.0.0.1:80", "127.0.0.1", 80);
    expect_target("tcp://[::1]:80", "::1", 80);
    expect_target("tcp://db.example:65535", "db.example", 65535);
    expect_target("unix:///run/x.sock", "/run/x.sock", 0);
    expect_target("unix:@x", "@x", 0);
}

TEST(ForwardTarget, IsNothingElse) {
    for (const char* text : {"",
                             "127.0.0.1:80",
                             "udp://127.0.0.1:80",
                             "tcp://",
                             "tcp://:80",
                             "tcp://[]:80",
                             "tcp://host",
                             "tcp://host:",
                             "tcp://host:0",
                             "tcp://host:65536",
                             "tcp://host:80x",
                             "tcp://host:-1",
                             "tcp://::1:80",
                             "tcp://host:80/path",
                             "tcp://[::1:80",
                             "unix://run/x.sock",
                             "unix:///",
                             "unix:@",
                             "unix:x"}) {
        EXPECT_FALSE(Target::parse(text)) << text;
    }
}

}  // namespace

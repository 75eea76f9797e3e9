// SPDX-License-Identifier: MIT
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include <protohost/testing.hpp>

using protohost::testing::Connection;
using protohost::testing::feed_in_pieces;
using protohost::testing::Host;
using protohost::testing::Listener;

TEST(Upper, AnswersInCapitalsHoweverItsInputIsCut) {
    EXPECT_EQ(feed_in_pieces("Hello, World 42",
                             [](const auto& feed) {
                                 Host host;
                                 Listener upper(host, protohost_plugin_entry_v1);
                                 Connection& connection = upper.connect();
                                 feed(connection);
                                 return connection.written();
                             }),
              "HELLO, WORLD 42");
}

TEST(Upper, GreetsWhereItIsToldTo) {
    Host host;
    Listener upper(host, protohost_plugin_entry_v1, {{"greeting", "welcome"}});
    EXPECT_EQ(upper.connect().written(), "welcome");
    Listener polite(host, protohost_plugin_entry_v1);
    EXPECT_EQ(polite.connect().written(), "");
}

TEST(Upper, KnowsNoOtherOptions) {
    Host host;
    EXPECT_THROW(Listener(host, protohost_plugin_entry_v1, {{"greetings", "hello"}}),
                 std::invalid_argument);
}

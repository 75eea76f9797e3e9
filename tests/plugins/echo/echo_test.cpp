// SPDX-License-Identifier: MIT
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <protohost/testing.hpp>

namespace {

using protohost::testing::Connection;
using protohost::testing::feed_in_pieces;
using protohost::testing::Host;
using protohost::testing::Listener;

TEST(Echo, SendsBackWhatItReceivesHoweverItIsCut) {
    const std::string input = "one\ntwo\nthree, a little longer\n";
    const std::string answer = feed_in_pieces(input, [](const auto& feed) {
        Host host;
        Listener echo(host, protohost_plugin_entry_v1);
        Connection& connection = echo.connect();
        feed(connection);
        return connection.written();
    });
    EXPECT_EQ(answer, input);
}

TEST(Echo, ClosesWhenThePeerHasEndedAndEverythingIsSentBack) {
    Host host;
    Listener echo(host, protohost_plugin_entry_v1);
    Connection& connection = echo.connect();
    connection.kernel_room(2);
    connection.feed_data("last");
    connection.feed_eof();
    EXPECT_EQ(connection.written(), "la");
    EXPECT_FALSE(connection.lost());
    connection.kernel_room(Connection::unlimited);
    EXPECT_EQ(connection.written(), "last");
    ASSERT_TRUE(connection.lost());
    EXPECT_EQ(connection.lost()->status, PH_OK);
}

TEST(Echo, DoesNotReadFromAPeerThatDoesNotRead) {
    Host host;
    Listener echo(host, protohost_plugin_entry_v1, {}, {.write_buffer = {.high = 10, .low = 4}});
    Connection& connection = echo.connect();
    connection.kernel_room(0);
    connection.feed_data("1234567890");
    EXPECT_TRUE(connection.transport().is_reading()) << "at the mark is not over it";
    connection.feed_data("!");
    EXPECT_FALSE(connection.transport().is_reading());
    connection.feed_data("waits with the peer");
    EXPECT_EQ(connection.transport().get_write_buffer_size(), 11u);

    connection.kernel_room(7);
    EXPECT_EQ(connection.written(), "1234567");
    EXPECT_EQ(connection.events(),
              (std::vector<std::string>{"write 10",
                                        "write 1",
                                        "pause_reading",
                                        "resume_reading",
                                        "write 19",
                                        "pause_reading"}));
    connection.kernel_room(Connection::unlimited);
    EXPECT_EQ(connection.written(), "1234567890!waits with the peer");
}

TEST(Echo, LeavesWhenTheDaemonDoes) {
    Host host;
    Listener echo(host, protohost_plugin_entry_v1);
    echo.connect();
    echo.connect();
    EXPECT_EQ(echo.connections(), 2u);
    echo.drain();
    EXPECT_EQ(echo.connections(), 0u);
}

TEST(Echo, HasNoOptions) {
    Host host;
    EXPECT_THROW(Listener(host, protohost_plugin_entry_v1, {{"greeting", "hello"}}),
                 std::invalid_argument);
}

}  // namespace

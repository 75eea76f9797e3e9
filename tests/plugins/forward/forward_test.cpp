// SPDX-License-Identifier: MIT
#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <protohost/testing.hpp>

namespace {

using namespace std::chrono_literals;
using protohost::testing::Connection;
using protohost::testing::Host;
using protohost::testing::Listener;
using protohost::testing::Opening;

constexpr const char* target = "tcp://127.0.0.1:9000";

/// A client and its connection to the target.
struct Forward : testing::Test {
    Connection& accept() { return host.opening().accept(limits); }

    protohost::testing::ConnectionSettings limits{.write_buffer = {.high = 10, .low = 4}};
    Host host;
    Listener listener{host, protohost_plugin_entry_v1, {{"to", target}}, limits};
    Connection& client = listener.connect();
};

TEST_F(Forward, CarriesBytesBothWays) {
    const Opening opening = host.opening();
    EXPECT_EQ(opening.method(), "create_connection");
    EXPECT_EQ(opening.address(), target);
    EXPECT_EQ(opening.timeout(), 10s);
    Connection& upstream = accept();

    client.feed_data("question");
    EXPECT_EQ(upstream.take_written(), "question");
    upstream.feed_data("answer");
    EXPECT_EQ(client.take_written(), "answer");
    EXPECT_TRUE(host.openings().empty()) << "one connection for each client";
}

TEST_F(Forward, ReadsNothingBeforeTheTargetIsThere) {
    client.feed_data("early");
    client.feed_eof();
    EXPECT_FALSE(client.transport().is_reading());
    Connection& upstream = accept();
    EXPECT_EQ(upstream.written(), "early");
    EXPECT_TRUE(upstream.eof_written());
}

TEST_F(Forward, TheEndOfOneDirectionLeavesTheOtherOpen) {
    Connection& upstream = accept();
    client.feed_data("all of it");
    client.feed_eof();
    EXPECT_EQ(upstream.written(), "all of it");
    EXPECT_TRUE(upstream.eof_written());
    EXPECT_FALSE(client.lost());
    EXPECT_FALSE(client.eof_written());

    client.kernel_room(4);
    upstream.feed_data("long answer");
    upstream.feed_eof();
    EXPECT_EQ(client.written(), "long");
    EXPECT_FALSE(client.lost()) << "what waits is sent first";
    client.kernel_room(Connection::unlimited);
    EXPECT_EQ(client.written(), "long answer");
    EXPECT_TRUE(client.eof_written());
    ASSERT_TRUE(client.lost());
    EXPECT_EQ(client.lost()->status, PH_OK);
    ASSERT_TRUE(upstream.lost());
    EXPECT_EQ(upstream.lost()->status, PH_OK);
}

TEST_F(Forward, TheTargetMayEndFirst) {
    Connection& upstream = accept();
    upstream.feed_eof();
    EXPECT_TRUE(client.eof_written());
    EXPECT_FALSE(client.lost());
    client.feed_data("still");
    EXPECT_EQ(upstream.written(), "still");
    client.feed_eof();
    EXPECT_TRUE(client.lost());
    EXPECT_TRUE(upstream.lost());
}

/// Fills `slow`, and expects the same of either direction.
void expect_pressure(Connection& fast, Connection& slow) {
    slow.kernel_room(0);
    fast.feed_data("1234567890");
    EXPECT_TRUE(fast.transport().is_reading()) << "at the mark is not over it";
    fast.feed_data("!");
    EXPECT_FALSE(fast.transport().is_reading());
    fast.feed_data("waits with its sender");
    EXPECT_EQ(slow.transport().get_write_buffer_size(), 11U);
    EXPECT_TRUE(slow.transport().is_reading()) << "the other direction goes on";

    slow.kernel_room(Connection::unlimited);
    EXPECT_EQ(slow.written(), "1234567890!waits with its sender");
    EXPECT_TRUE(fast.transport().is_reading());
}

TEST_F(Forward, DoesNotReadFromTheClientWhileTheTargetDoesNotRead) {
    Connection& upstream = accept();
    expect_pressure(client, upstream);
}

TEST_F(Forward, DoesNotReadFromTheTargetWhileTheClientDoesNotRead) {
    Connection& upstream = accept();
    expect_pressure(upstream, client);
}

TEST_F(Forward, ATargetThatIsDownEndsTheClient) {
    host.opening().refuse(ECONNREFUSED);
    ASSERT_TRUE(client.lost());
    EXPECT_EQ(client.events().back(), "abort");
    EXPECT_TRUE(
        host.logged("127.0.0.1:40000: no connection to tcp://127.0.0.1:9000: "
                    "Connection refused"));
}

TEST_F(Forward, ABrokenSideBreaksTheOther) {
    Connection& upstream = accept();
    upstream.feed_data("half of the ans");
    upstream.lose(ECONNRESET);
    EXPECT_EQ(client.written(), "half of the ans");
    ASSERT_TRUE(client.lost());
    EXPECT_EQ(client.events().back(), "abort") << "an orderly end would look like all of it";

    Connection& other = listener.connect();
    Connection& its_upstream = accept();
    other.lose(ETIMEDOUT);
    ASSERT_TRUE(its_upstream.lost());
    EXPECT_EQ(its_upstream.events().back(), "abort");
}

TEST_F(Forward, ABrokenSideMayHaveBackPressure) {
    Connection& upstream = accept();
    client.kernel_room(0);
    upstream.feed_data("more than the mark");
    EXPECT_FALSE(upstream.transport().is_reading());
    client.lose(ECONNRESET);
    client.kernel_room(1);
    EXPECT_TRUE(client.lost());
    EXPECT_TRUE(upstream.lost());
}

TEST_F(Forward, AClientThatGoesMeanwhileCancels) {
    const Opening opening = host.opening();
    client.transport().abort();
    host.run_ready();
    ASSERT_TRUE(client.lost());
    EXPECT_TRUE(opening.is_answered());
    EXPECT_TRUE(host.log().empty()) << host.log().front().text;
}

TEST_F(Forward, FinishesWhenTheDaemonLeaves) {
    Connection& upstream = accept();
    listener.drain(30s);
    upstream.drain(30s);
    client.feed_data("the rest");
    client.feed_eof();
    EXPECT_EQ(upstream.written(), "the rest");
    upstream.feed_eof();
    EXPECT_TRUE(client.lost());
    EXPECT_TRUE(upstream.lost());
}

TEST(ForwardOptions, ReachUnixSockets) {
    Host host;
    Listener listener(
        host, protohost_plugin_entry_v1, {{"to", "unix:@db"}, {"connect_timeout", "1s"}});
    listener.connect();
    EXPECT_EQ(host.opening().method(), "create_unix_connection");
    EXPECT_EQ(host.opening().address(), "unix:@db");
    EXPECT_EQ(host.opening().timeout(), 1s);
}

std::string complaint(const protohost::testing::OptionValues& options) {
    Host host;
    try {
        Listener(host, protohost_plugin_entry_v1, options);
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "";
}

TEST(ForwardOptions, AreChecked) {
    EXPECT_NE(complaint({}).find("to"), std::string::npos);
    EXPECT_NE(complaint({{"to", "127.0.0.1:80"}})
                  .find("expected tcp://HOST:PORT, unix:///PATH or unix:@NAME"),
              std::string::npos);
    EXPECT_NE(complaint({{"to", target}, {"connect_timeout", "0"}}).find("must not be zero"),
              std::string::npos);
}

}  // namespace

// SPDX-License-Identifier: MIT
// A client and its program, both in the hands of the test.
#include <cerrno>
#include <chrono>
#include <csignal>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <protohost/testing.hpp>

namespace {

using namespace std::chrono_literals;
using protohost::testing::Connection;
using protohost::testing::Host;
using protohost::testing::Listener;
using protohost::testing::OptionValue;
using protohost::testing::Process;
using protohost::testing::WriteBuffer;

constexpr WriteBuffer small{.high = 10, .low = 4, .limit = 100};

struct ExecConversation : testing::Test {
    Process& spawn() { return host.opening().spawn({.write_buffer = small}); }

    Host host;
    Listener listener{host,
                      protohost_plugin_entry_v1,
                      {{"command", OptionValue::list({"git", "daemon"})},
                       {"environment", OptionValue::mapping({{"A", "b"}, {"REMOTE_PORT", "mine"}})},
                       {"directory", "/srv"},
                       {"user", "git"}},
                      {.write_buffer = small}};
    Connection& client = listener.connect();
};

TEST_F(ExecConversation, BeginsWithAProgramThatKnowsItsClient) {
    const auto opening = host.opening();
    EXPECT_EQ(opening.args(), (std::vector<std::string>{"git", "daemon"}));
    EXPECT_EQ(opening.options().cwd, "/srv");
    EXPECT_EQ(opening.options().user, "git");
    EXPECT_FALSE(opening.options().env) << "the clean one";
    EXPECT_EQ(opening.options().environment,
              (std::map<std::string, std::string>{{"A", "b"},
                                                  {"PROTO", "TCP"},
                                                  {"REMOTE_ADDR", "127.0.0.1"},
                                                  {"REMOTE_HOST", "127.0.0.1"},
                                                  {"REMOTE_PORT", "40000"},
                                                  {"SERVER_ADDR", "127.0.0.1"},
                                                  {"SERVER_PORT", "7007"}}))
        << "the operator's word does not hide the client's";
}

TEST_F(ExecConversation, CarriesBytesBothWaysAndTheEndOfEachByItself) {
    Process& program = spawn();
    client.feed_data("question");
    EXPECT_EQ(program.take_written(), "question");
    client.feed_eof();
    EXPECT_TRUE(program.eof_written());
    EXPECT_FALSE(client.lost());
    program.feed_data(1, "answer");
    EXPECT_EQ(client.take_written(), "answer");
    program.close_pipe(1);
    EXPECT_TRUE(client.eof_written());
    EXPECT_FALSE(client.lost()) << "the program lives";
    program.exit(0);
    ASSERT_TRUE(client.lost());
    EXPECT_EQ(client.lost()->status, PH_OK);
    EXPECT_EQ(program.signals(), std::vector<int>{});
}

TEST_F(ExecConversation, ReadsNothingBeforeItsProgramIsThere) {
    client.feed_data("early");
    client.feed_eof();
    EXPECT_FALSE(client.transport().is_reading());
    Process& program = spawn();
    EXPECT_EQ(program.written(), "early");
    EXPECT_TRUE(program.eof_written());
}

TEST_F(ExecConversation, AProgramThatDoesNotReadStopsItsClient) {
    Process& program = spawn();
    program.kernel_room(0);
    client.feed_data("1234567890!");
    EXPECT_FALSE(client.transport().is_reading());
    client.feed_data("waits with its sender");
    program.feed_data(1, "the other direction goes on");
    EXPECT_EQ(client.written(), "the other direction goes on");
    program.kernel_room(Connection::unlimited);
    EXPECT_TRUE(client.transport().is_reading());
    EXPECT_EQ(program.written(), "1234567890!waits with its sender");
}

TEST_F(ExecConversation, AClientThatDoesNotReadStopsItsProgram) {
    Process& program = spawn();
    client.kernel_room(0);
    program.feed_data(1, "1234567890!");
    EXPECT_FALSE(program.transport().get_pipe_transport(1).is_reading());
    program.feed_data(1, "waits");
    program.feed_data(2, "what it complains of does not\n");
    EXPECT_TRUE(host.logged("git (pid 4711): what it complains of does not"));
    EXPECT_EQ(client.written(), "");
    program.exit(0);
    EXPECT_FALSE(client.lost()) << "all is passed on first";
    client.kernel_room(Connection::unlimited);
    EXPECT_EQ(client.written(), "1234567890!waits");
    EXPECT_TRUE(client.lost());
}

TEST_F(ExecConversation, AnInputThatIsClosedWhileItWaitsLetsTheClientGoOn) {
    Process& program = spawn();
    program.kernel_room(0);
    client.feed_data("1234567890!");
    EXPECT_FALSE(client.transport().is_reading());
    program.close_pipe(0);
    EXPECT_TRUE(client.transport().is_reading());
    client.feed_data("nobody wants it");
    client.feed_eof();
    EXPECT_FALSE(client.lost());
    program.feed_data(1, "answer");
    program.exit(0);
    EXPECT_EQ(client.written(), "answer");
    EXPECT_TRUE(client.lost());
}

TEST_F(ExecConversation, ABrokenClientIsAHangUpAndThenTheEndOfItsPipes) {
    Process& program = host.opening().spawn({.handled_signals = {SIGHUP}});
    client.lose(ECONNRESET);
    EXPECT_EQ(program.signals(), std::vector<int>{SIGHUP});
    EXPECT_TRUE(program.eof_written());
    EXPECT_FALSE(program.lost());
    host.advance(4s);
    EXPECT_FALSE(program.lost());
    host.advance(1s);
    EXPECT_EQ(program.signals(), (std::vector<int>{SIGHUP, SIGKILL}));
    EXPECT_TRUE(program.lost());
    EXPECT_EQ(host.pending_calls(), 0U);
}

TEST_F(ExecConversation, AClientThatIsEndedEarlyHasNoProgram) {
    client.transport().abort();
    host.run_ready();
    EXPECT_TRUE(host.openings().empty());
}

TEST_F(ExecConversation, WhatCannotBeStartedEndsTheClient) {
    host.opening().refuse(ENOENT);
    ASSERT_TRUE(client.lost());
    EXPECT_TRUE(host.logged("127.0.0.1:40000: No such file or directory"));
}

TEST_F(ExecConversation, TellsHowItsProgramHasEnded) {
    Process& failed = spawn();
    failed.exit(3);
    EXPECT_TRUE(host.logged("127.0.0.1:40000: git (pid 4711): exited with code 3"));
    listener.connect();
    spawn().exit(-SIGSEGV);
    EXPECT_TRUE(host.logged("127.0.0.1:40000: git (pid 4711): was killed by SIGSEGV"));
}

TEST_F(ExecConversation, ADrainWaitsForTheProgram) {
    Process& program = spawn();
    client.feed_data("question");
    listener.drain();
    EXPECT_FALSE(client.lost());
    program.feed_data(1, "answer");
    program.exit(0);
    EXPECT_EQ(client.written(), "answer");
    EXPECT_TRUE(client.lost());
}

}  // namespace

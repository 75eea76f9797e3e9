// SPDX-License-Identifier: MIT
#include <cstddef>
#include <string>

#include <gtest/gtest.h>

#include "tests/system/harness/client.hpp"
#include "tests/system/harness/daemon.hpp"

namespace protohost::harness {
namespace {

/// What the plugin answers to `fill`.
std::string crosses(std::size_t size) {
    std::string text;
    text.resize(size, 'x');
    return text;
}

/// What an author's code sees of the daemon, through the plugin "lab" that does what it is told.
class Sdk : public testing::Test {
protected:
    std::string ask(const std::string& command) {
        client_.send(command + '\n');
        return client_.receive_line();
    }

    Daemon daemon_{
        {.listeners =
             listener("lab", "lab") +
             listener(
                 "small", "lab", ", write_buffer: {high: 40000, limit: 8MiB, policy: refuse}") +
             listener("strict", "lab", ", write_buffer: {limit: 8MiB}")}};
    Client client_{daemon_.port("lab")};
};

TEST_F(Sdk, KnowsBothEndsOfAConnectionAndNothingElse) {
    EXPECT_EQ(ask("info peername"), client_.name() + "\n");
    EXPECT_EQ(ask("info sockname"), "127.0.0.1:" + std::to_string(daemon_.port("lab")) + "\n");
    EXPECT_EQ(ask("info sslcontext"), "unknown\n");
    EXPECT_EQ(ask("socket"), "open\n");
}

TEST_F(Sdk, SendsPiecesAndOwnedBytesInOrder) {
    EXPECT_EQ(ask("lines"), "one two three accepted\n");
    EXPECT_EQ(ask("owned"), "owned accepted\n");
}

TEST_F(Sdk, KeepsTheLimitsOfTheWriteBuffer) {
    EXPECT_EQ(ask("limits"), "16384-65536 1000-4000 500-2000 16384-65536 refused\n");
    Client small(daemon_.port("small"));
    small.send("limits\n");
    EXPECT_EQ(small.receive_line(), "10000-40000 1000-4000 500-2000 10000-40000 refused\n");
}

TEST_F(Sdk, PausesAndResumesAWriterOnce) {
    Client slow(daemon_.port("lab"), {.receive_buffer = 4096});
    ASSERT_TRUE(slow.send("fill 16000000\n"));
    daemon_.log().wait_for("fill: accepted");
    EXPECT_EQ(daemon_.log().count("writing paused"), 1U);
    EXPECT_EQ(daemon_.log().count("writing resumed"), 0U);
    EXPECT_EQ(slow.receive(16'000'000), crosses(16'000'000));
    daemon_.log().wait_for("writing resumed");
    EXPECT_EQ(daemon_.log().count("writing paused"), 1U);
}

TEST_F(Sdk, RefusesAWriteOverTheLimitAndKeepsTheConnection) {
    Client slow(daemon_.port("small"), {.receive_buffer = 4096});
    ASSERT_TRUE(slow.send("fill 8000000\nfill 8000000\nfill 8000000\n"));
    daemon_.log().wait_for_count("fill: ", 3);
    EXPECT_GE(daemon_.log().count("fill: over limit"), 1U);
    const std::size_t accepted = daemon_.log().count("fill: accepted");
    EXPECT_EQ(slow.receive(accepted * 8'000'000), crosses(accepted * 8'000'000));
    ASSERT_TRUE(slow.send("soon alive\n"));
    EXPECT_EQ(slow.receive_line(), "alive\n");
    EXPECT_EQ(daemon_.stop(), 0);
    EXPECT_EQ(daemon_.log().count("listener small: connection from " + slow.name() +
                                  ": writing 8000000 bytes would pass write_buffer.limit (8MiB): "
                                  "write refused; said once for this connection"),
              1U);
}

TEST_F(Sdk, AbortsAConnectionOverTheLimitUnderThatPolicy) {
    Client slow(daemon_.port("strict"), {.receive_buffer = 4096});
    ASSERT_TRUE(slow.send("fill 8000000\nfill 8000000\nfill 8000000\n"));
    daemon_.log().wait_for("lost: the write buffer is over its limit");
    EXPECT_EQ(ask("soon alive"), "alive\n");
    EXPECT_EQ(daemon_.stop(), 0);
    EXPECT_EQ(daemon_.log().count("listener strict: connection from " + slow.name() +
                                  ": writing 8000000 bytes would pass write_buffer.limit (8MiB): "
                                  "connection aborted"),
              1U);
    EXPECT_EQ(daemon_.log().count("fill: over limit"), 1U);
}

TEST_F(Sdk, SwitchesTheProtocolInTheMiddleOfAConnection) {
    EXPECT_EQ(ask("soon as told"), "as told\n");
    ASSERT_TRUE(client_.send("shout\n"));
    // What came in one piece with the command belongs to the old protocol; this does not.
    Client buffering(daemon_.port("lab"));
    ASSERT_TRUE(buffering.send("buffer\n"));
    ASSERT_EQ(Client(daemon_.port("lab")).send("close\n"), true);
    daemon_.log().wait_for("reference: gone");
    EXPECT_EQ(ask("soon as told"), "SOON AS TOLD\n");
    const std::string long_text(5000, 'b');
    EXPECT_TRUE(buffering.echoes(long_text));
}

TEST_F(Sdk, HalfClosesAndStillReads) {
    ASSERT_TRUE(client_.send("keep\nend that is all\n"));
    EXPECT_EQ(client_.receive_line(), "that is all\n");
    EXPECT_EQ(client_.ending(), Ending::orderly);
    daemon_.log().wait_for("write() after write_eof()");
    ASSERT_TRUE(client_.send("say heard you\n"));
    daemon_.log().wait_for("heard you");
    client_.shut_down_writing();
    daemon_.log().wait_for("end of file");
    EXPECT_EQ(daemon_.log().count("lost: "), 0U);
    EXPECT_EQ(daemon_.stop(), 0);
    EXPECT_EQ(daemon_.log().count("lost: in order"), 1U);
}

TEST_F(Sdk, KeepsAHalfClosedConnectionOpenWhereTheProtocolWantsIt) {
    ASSERT_TRUE(client_.send("keep\nlater still here\n"));
    client_.shut_down_writing();
    daemon_.log().wait_for("end of file");
    EXPECT_EQ(client_.receive_line(), "still here\n");

    Client other(daemon_.port("lab"));
    ASSERT_TRUE(other.send("later never\n"));
    other.shut_down_writing();
    std::string rest;
    EXPECT_EQ(other.ending(&rest), Ending::orderly);
    EXPECT_EQ(rest, "");
}

TEST_F(Sdk, ClosesAndAborts) {
    ASSERT_TRUE(client_.send("fill 3000000\nclose\n"));
    std::string all;
    EXPECT_EQ(client_.ending(&all), Ending::orderly);
    EXPECT_EQ(all.size(), 3'000'000U);
    Client other(daemon_.port("lab"), {.receive_buffer = 4096});
    ASSERT_TRUE(other.send("fill 16000000\nabort\n"));
    daemon_.log().wait_for_count("lost: in order", 2);
    all.clear();
    EXPECT_NE(other.ending(&all), Ending::never);
    EXPECT_LT(all.size(), 16'000'000U);
}

TEST_F(Sdk, TellsAProtocolWhyItsPeerWasLost) {
    EXPECT_EQ(ask("soon hello"), "hello\n");
    client_.reset();
    daemon_.log().wait_for("plugin.lab: listener lab: lost: Connection reset by peer");
    daemon_.log().wait_for("plugin.lab: listener lab: reference: gone");
}

TEST_F(Sdk, CallsBackSoonLaterAndFromOtherThreads) {
    EXPECT_EQ(ask("soon one"), "one\n");
    EXPECT_EQ(ask("later two"), "two\n");
    EXPECT_EQ(ask("thread three"), "three\n");
}

TEST_F(Sdk, LogsWhatAScheduledCallbackThrowsAndGoesOn) {
    ASSERT_TRUE(client_.send("throw no luck\n"));
    daemon_.log().wait_for("error plugin.lab: listener lab: no luck");
    EXPECT_EQ(ask("soon alive"), "alive\n");
}

TEST_F(Sdk, DropsWhatIsScheduledWhenTheDaemonStops) {
    EXPECT_EQ(ask("soon ready"), "ready\n");
    ASSERT_TRUE(client_.send("later one\nlater two\nthread three\nsoon four\n"));
    EXPECT_EQ(daemon_.stop(), 0);
}

TEST(SdkBufferedProtocol, EchoesThroughABufferOfItsOwn) {
    Daemon daemon({.listeners = listener("echo", "buffered")});
    Client client(daemon.port("echo"));
    for (int i = 0; i < 200; ++i) {
        ASSERT_TRUE(client.echoes(std::string(12'345, static_cast<char>('a' + i % 26))));
    }
}

TEST(SdkLoop, ServesAPluginWithoutConnections) {
    Daemon daemon({.listeners = listener("clock", "clock")});
    const LogLines& log = daemon.log();
    for (const char* text :
         {"plugin.clock: listener clock: started on the loop",
          "soon: second",
          "error plugin.clock: listener clock: a callback that fails",
          "error plugin.clock: listener clock: a scheduled callback threw no std::exception",
          "later: not early",
          "thread: beside the loop",
          "threadsafe: on the loop"}) {
        log.wait_for(text);
    }
    const std::string all = log.all();
    EXPECT_LT(all.find("soon: first"), all.find("soon: second"));
    EXPECT_TRUE(Client(daemon.port("clock")));
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_EQ(log.count("soon: cancelled"), 0U);
    EXPECT_EQ(log.count("an hour later"), 0U);
}

TEST(StaleTransport, ReachesNobodyElse) {
    Daemon daemon({.listeners = listener("late", "late")});
    Client first(daemon.port("late"));
    ASSERT_TRUE(first.send("x"));
    EXPECT_EQ(first.ending(), Ending::orderly);
    Client second(daemon.port("late"));
    daemon.log().wait_for("plugin.late: listener late: refused");
    EXPECT_EQ(daemon.log().count("a transport was used after its connection was lost"), 1U);
    // Had it been aborted, this would not be answered by its own timer.
    ASSERT_TRUE(second.send("x"));
    EXPECT_EQ(second.ending(), Ending::orderly);
    EXPECT_EQ(daemon.log().count("plugin.late: listener late: written"), 0U);
}

}  // namespace
}  // namespace protohost::harness

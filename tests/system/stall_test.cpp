// SPDX-License-Identifier: MIT
// Nothing that makes one wait makes anybody else wait.
#include <chrono>
#include <fcntl.h>
#include <iostream>
#include <string>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "daemon/base/descriptor.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/round_trips.hpp"
#include "tests/system/harness/scale.hpp"
#include "tests/system/harness/server.hpp"

namespace protohost::harness {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

/// Makes a daemon ask a name server that never answers for everything below ".stalled".
std::vector<std::string> with_stalled_names() {
    std::string libraries = PROTOHOST_BUILD_DIR "/tests/system/libstalled_names.so";
    if (sanitized) {
        // A sanitizer's runtime must come before everything else.
        const std::string needed = run({"ldd", daemon_program()}).output;
        const std::size_t name = needed.find("san.so");
        const std::size_t begin = needed.find('/', name);
        libraries = needed.substr(begin, needed.find(' ', begin) - begin) + ":" + libraries;
    }
    return {"env", "LD_PRELOAD=" + libraries};
}

class Stall : public testing::Test {
protected:
    /// One endpoint, and what the log says when somebody waits for it in vain.
    struct Obstacle {
        std::string endpoints;
        std::string sign;
        std::size_t signs = 1;
    };

    std::string fifo(const std::string& name) const {
        const std::string path = folder_.path() / name;
        EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
        return path;
    }

    /// Compares a daemon that has nothing else to do with one that meets the obstacle, by turns.
    void expect_no_delay(const Obstacle& obstacle) {
        const std::size_t turns = scaled("turns of 200 round trips", 20, 5);
        Daemon quiet({.listeners = listener("echo", "echo")});
        Daemon stalled({.listeners = listener("echo", "echo"),
                        .endpoints = obstacle.endpoints,
                        .log = "{level: info, areas: {unit: debug}}",
                        .wrapper = with_stalled_names()});
        stalled.log().wait_for_count(obstacle.sign, obstacle.signs);
        RoundTrips before(Client(quiet.port("echo")));
        RoundTrips during(Client(stalled.port("echo")));
        for (std::size_t turn = 0; turn < turns; ++turn) {
            ASSERT_TRUE(before.play(200));
            ASSERT_TRUE(during.play(200));
        }
        const microseconds usual = before.percentile(0.99);
        const microseconds now = during.percentile(0.99);
        std::cout << "99 % of " << during.count() << " round trips: " << usual.count()
                  << " us, and " << now.count() << " us beside the obstacle\n";
        const microseconds bound = 10 * usual + milliseconds(5);
        EXPECT_LE(now, bound);
        EXPECT_LE(during.slower_than(bound), before.slower_than(bound) + during.count() / 500);
        // One long wait is one slow round trip: it shows in what all of them took.
        EXPECT_LE(during.total(), 3 * before.total() + milliseconds(200));
        EXPECT_EQ(stalled.stop(), 0) << "nor does it keep the daemon from its end";
    }

    ScratchFolder folder_;
};

const std::string soon = ", reconnect: {initial: 5ms, max: 20ms}, timeouts: {drain: 100ms";

TEST_F(Stall, OfANameServerIsNobodyElses) {
    expect_no_delay({.endpoints = "  one: {connect: \"tcp://one.stalled:1\", protocol: echo}\n"
                                  "  two: {connect: \"udp://two.stalled:1\", protocol: udp-echo}\n"
                                  "  three: {connect: \"tcp://127.0.0.1:1\", protocol: echo, "
                                  "socket: {local: \"tcp://three.stalled:0\"}}\n",
                     .sign = "nobody answers for ",
                     .signs = 3});
}

TEST_F(Stall, OfANameServerThatIsGivenUpAndAskedAgainIsNobodyElses) {
    expect_no_delay({.endpoints = "  one: {connect: \"tcp://one.stalled:1\", protocol: echo" +
                                  soon + ", connect: 10ms}}\n",
                     .sign = "the name is still being resolved",
                     .signs = 5});
}

TEST_F(Stall, OfAFullPipeIsNobodyElses) {
    const std::string path = fifo("full");
    const base::Descriptor reader(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    expect_no_delay({.endpoints = "  full: {write: " + path + ", protocol: spout" + soon + "}}\n",
                     .sign = "endpoint full: paused"});
}

TEST_F(Stall, OfAFifoWithoutAReaderIsNobodyElses) {
    expect_no_delay(
        {.endpoints = "  out: {write: " + fifo("unread") + ", protocol: spout" + soon + "}}\n",
         .sign = "nobody reads it",
         .signs = 5});
}

TEST_F(Stall, OfAFifoWithoutAWriterIsNobodyElses) {
    expect_no_delay(
        {.endpoints = "  in: {read: " + fifo("unwritten") + ", protocol: lab" + soon + "}}\n",
         .sign = "endpoint in: opened "});
}

TEST_F(Stall, OfAPeerThatTakesNothingIsNobodyElses) {
    Server server;
    server.listen();
    expect_no_delay({.endpoints = "  out: {connect: \"" + server.address() + "\", protocol: spout" +
                                  soon + "}}\n",
                     .sign = "endpoint out: paused"});
}

TEST_F(Stall, OfAPeerThatDoesNotAnswerIsNobodyElses) {
    Server server;
    server.fall_silent();
    expect_no_delay({.endpoints = "  out: {connect: \"" + server.address() + "\", protocol: echo" +
                                  soon + ", connect: 20ms}}\n",
                     .sign = "gave up after 20ms",
                     .signs = 3});
}

}  // namespace
}  // namespace protohost::harness

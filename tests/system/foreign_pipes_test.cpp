// SPDX-License-Identifier: MIT
#include <cstddef>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/system/harness/child.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/peers.hpp"

namespace protohost::harness {
namespace {

/// An endpoint whose protocol does what it reads, and says a line when it is opened.
std::string pipe_endpoint(const std::string& name, const std::string& end) {
    return "  " + name + ": {" + end +
           ", protocol: lab, options: {greeting: \"here is the daemon\"}, "
           "reconnect: {initial: 10ms, max: 100ms}}\n";
}

class ForeignPipes : public testing::Test {
protected:
    ScratchFolder folder_;
};

TEST_F(ForeignPipes, SocatWritesToAFifoAgainAndAgain) {
    const std::string fifo = folder_.path() / "fifo";
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    Daemon daemon({.endpoints = "  in: {read: " + fifo +
                                ", protocol: lab, reconnect: {initial: 10ms, max: 100ms}}\n"});
    output_of({"socat", "-u", "-", "OPEN:" + fifo + ",wronly"}, "say one\nsay two\n");
    daemon.log().wait_for("endpoint in: two");
    EXPECT_EQ(daemon.log().count("endpoint in: one"), 1U);
    // It is opened again at once, and nobody can come in between.
    daemon.log().wait_for("endpoint in: reference: gone");
    output_of({"socat", "-u", "-", "OPEN:" + fifo + ",wronly"}, "say three\n");
    daemon.log().wait_for("endpoint in: three");
}

TEST_F(ForeignPipes, SocatReadsFromAFifoAgainAndAgain) {
    const std::string fifo = folder_.path() / "fifo";
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    Daemon daemon({.endpoints = pipe_endpoint("out", "write: " + fifo), .log = "{level: debug}"});
    daemon.log().wait_for("endpoint out: cannot open " + fifo + ": nobody reads it");
    for (std::size_t reader = 1; reader <= 3; ++reader) {
        expect_answer({"socat", "-u", "OPEN:" + fifo + ",rdonly", "-"}, "", "here is the daemon");
        // Else the next one would see the end of what was opened for this one.
        daemon.log().wait_for_count("endpoint out: pipe " + fifo + " ended", reader);
    }
}

TEST_F(ForeignPipes, DevicesThatWillNotDoSayWhyOnce) {
    Daemon daemon(
        {.endpoints = pipe_endpoint("zeros", "read: /dev/zero") +
                      "  full: {write: /dev/full, protocol: lab, options: {greeting: \"x\"}, "
                      "reconnect: {initial: 5ms, max: 1h}}\n"});
    daemon.log().wait_for("endpoint zeros: /dev/zero: the kernel cannot say when");
    daemon.log().wait_for_count("plugin.lab: endpoint full: lost: No space left on device", 4);
    EXPECT_EQ(daemon.log().count("endpoint full: /dev/full was lost: No space left on device"), 1U);
    EXPECT_EQ(daemon.log().count("endpoint zeros: opened"), 0U);
}

TEST_F(ForeignPipes, SocatTalksThroughATerminal) {
    const std::string terminal = folder_.path() / "tty";
    Child socat({"socat", "-d", "-d", "PTY,rawer,link=" + terminal, "-"});
    const base::Descriptor typed = socat.take_input();
    const LogLines shown(socat.take_output());
    const LogLines progress(socat.take_errors());
    progress.wait_for("starting data transfer loop");

    Daemon daemon({.endpoints = "  in: {read: " + terminal +
                                ", protocol: lab, reconnect: never}\n" +
                                pipe_endpoint("out", "write: " + terminal)});
    shown.wait_for("here is the daemon");
    const std::string command = "say typed at a terminal\n";
    ASSERT_EQ(::write(typed.get(), command.data(), command.size()), std::ssize(command));
    daemon.log().wait_for("endpoint in: typed at a terminal");

    // The terminal goes with its other side: an end as good as any for who reads it. Who writes
    // learns of it with the next write.
    socat.signal(SIGTERM);
    socat.wait();
    daemon.log().wait_for("plugin.lab: endpoint in: lost: in order");
}

}  // namespace
}  // namespace protohost::harness

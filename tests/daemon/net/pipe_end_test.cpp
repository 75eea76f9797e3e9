// SPDX-License-Identifier: MIT
// How the ends of pipes end.
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/net/pipe.hpp"
#include "tests/daemon/net/rig.hpp"
#include "tests/daemon/net/step.hpp"

namespace protohost::net::testing {
namespace {

using Events = std::vector<std::string>;

TEST(EndOfAReadPipe, IsToldInTwoCallbacksAndNothingBetween) {
    Recorder recorder;
    Rig rig;
    Step beside([&] { recorder.events.emplace_back("beside"); });
    recorder.on = [&](std::string_view event) {
        if (event != "eof") return PH_OK;
        EXPECT_TRUE(recorder.transport->is_closing());
        EXPECT_FALSE(recorder.transport->is_reading());
        rig.loop.call_soon(beside);
        recorder.transport->close();
        return PH_OK;
    };
    auto [peer, transport] = rig.connect(Medium::read_pipe, recorder);
    peer.close();
    rig.run_until([&] { return recorder.events.back() == "beside"; });
    EXPECT_EQ(recorder.events, (Events{"made", "eof", "lost", "destroy", "beside"}));
    EXPECT_TRUE(rig.idle());
    EXPECT_EQ(rig.ends, 1u);
}

TEST(EndOfAReadPipe, HasTheReasonThatEofReceivedFailedFor) {
    Recorder recorder;
    Rig rig;
    recorder.on = [](std::string_view event) {
        return event == "eof" ? ph_status{PH_E_EXCEPTION} : ph_status{PH_OK};
    };
    auto [peer, transport] = rig.connect(Medium::read_pipe, recorder);
    peer.close();
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.events,
              (Events{"made", "eof", "lost:" + std::to_string(PH_E_EXCEPTION), "destroy"}));
    EXPECT_EQ(rig.failures.size(), 1u);
}

TEST(EndOfAReadPipe, IsNotToldAfterAnAbort) {
    Recorder recorder;
    Recorder other;
    Rig rig;
    auto [peer, transport] = rig.connect(Medium::read_pipe, recorder);
    auto [other_peer, other_transport] = rig.connect(Medium::read_pipe, other);
    other.on = [&, pipe = transport](std::string_view event) {
        if (event == "data") {
            EXPECT_TRUE(pipe->is_closing()) << "its end came first, in the same batch";
            pipe->abort();
        }
        return PH_OK;
    };
    peer.close();
    other_peer.send("x");
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.events, (Events{"made", "lost", "destroy"}));
}

/// A pipe of which the daemon was given one end.
struct Given {
    std::array<int, 2> ends{};

    Given() { EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0); }
    ~Given() {
        for (const int fd : ends) ::close(fd);
    }
    Given(const Given&) = delete;
    Given& operator=(const Given&) = delete;
};

TEST(LetGo, OfAWriteEndEndsItsReaderAndKeepsItsNumber) {
    std::signal(SIGPIPE, SIG_IGN);  // as the daemon has it
    const Given pipe;
    ASSERT_EQ(::write(pipe.ends[1], "last", 4), 4);
    let_go(pipe.ends[1], PipeEnd::write);
    std::array<char, 8> buffer{};
    EXPECT_EQ(::read(pipe.ends[0], buffer.data(), buffer.size()), 4);
    EXPECT_EQ(::read(pipe.ends[0], buffer.data(), buffer.size()), 0);

    const OpenedPipe again = copy_pipe(pipe.ends[1], PipeEnd::write);
    ASSERT_EQ(again.problem, "");
    EXPECT_EQ(::write(again.descriptor.get(), "x", 1), -1);
    EXPECT_EQ(errno, EPIPE);
}

TEST(LetGo, OfAReadEndBreaksItsWriterAndKeepsItsNumber) {
    std::signal(SIGPIPE, SIG_IGN);
    const Given pipe;
    let_go(pipe.ends[0], PipeEnd::read);
    EXPECT_EQ(::write(pipe.ends[1], "x", 1), -1);
    EXPECT_EQ(errno, EPIPE);

    const OpenedPipe again = copy_pipe(pipe.ends[0], PipeEnd::read);
    ASSERT_EQ(again.problem, "");
    char byte = 0;
    EXPECT_EQ(::read(again.descriptor.get(), &byte, 1), 0);
}

}  // namespace
}  // namespace protohost::net::testing

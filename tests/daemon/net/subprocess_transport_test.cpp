// SPDX-License-Identifier: MIT
#include "daemon/net/subprocess_transport.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/net/connect_rig.hpp"
#include "tests/daemon/net/subprocess_rig.hpp"

namespace protohost::net::testing {
namespace {

using Events = std::vector<std::string>;
using Kind = StandardStream::Kind;

constexpr StandardStreams no_pipes{{{{Kind::null}, {Kind::null}, {Kind::null}}}, {}};

TEST(SubprocessTransport, TellsWhatComesFromEachPipeAndTheEnd) {
    Scene scene;
    scene.start(shell("echo out; echo err >&2; exit 3"));
    EXPECT_GT(scene.transport->get_pid(), 0);
    int code = 0;
    scene.on("exited", [&] { code = scene.returncode(); });
    scene.run_to_the_end();
    EXPECT_EQ(scene.recorder.output[1], "out\n");
    EXPECT_EQ(scene.recorder.output[2], "err\n");
    EXPECT_EQ(code, 3);
    EXPECT_EQ(scene.recorder.sorted(),
              (Events{"data:1",
                      "data:2",
                      "destroy",
                      "exited",
                      "lost",
                      "made",
                      "pipe:0",
                      "pipe:1",
                      "pipe:2"}));
    EXPECT_EQ(scene.recorder.events.front(), "made");
    EXPECT_LT(scene.recorder.index("data:1"), scene.recorder.index("pipe:1"));
    EXPECT_LT(scene.recorder.index("data:2"), scene.recorder.index("pipe:2"));
    EXPECT_EQ(scene.recorder.events[scene.recorder.events.size() - 2], "lost");
}

TEST(SubprocessTransport, WithoutPipesThereAreThreeEvents) {
    Scene scene;
    scene.start(plan_for({"true"}), no_pipes);
    for (const int fd : {-1, 0, 1, 2, 3}) {
        EXPECT_TRUE(scene.transport->get_pipe_transport(fd) == nullptr) << fd;
    }
    scene.run_to_the_end();
    EXPECT_EQ(scene.recorder.events, (Events{"made", "exited", "lost", "destroy"}));
}

TEST(SubprocessTransport, WritesToItsInputAndToldEndReachesIt) {
    Scene scene;
    scene.start(plan_for({"cat"}));
    EXPECT_EQ(scene.write("through "), PH_OK);
    EXPECT_EQ(scene.write("the pipe"), PH_OK);
    EXPECT_TRUE(scene.pipe(0).can_write_eof());
    EXPECT_EQ(scene.pipe(0).write_eof(), PH_OK);
    scene.run_to_the_end();
    EXPECT_EQ(scene.recorder.output[1], "through the pipe");
    EXPECT_EQ(scene.recorder.count("pipe:0"), 1u);
}

TEST(SubprocessTransport, FlowControlIsThatOfItsInput) {
    Scene scene;
    scene.start(shell("read -r line; exec cat >/dev/null"));
    const std::string much(1 << 20, 'x');
    EXPECT_EQ(scene.write(much), PH_OK);
    EXPECT_EQ(scene.recorder.events, (Events{"made", "pause"}));
    EXPECT_TRUE(scene.transport->is_writing_paused());
    EXPECT_GT(scene.transport->get_write_buffer_size(), std::size_t{64 * 1024});
    scene.run_until("resume");
    scene.write("\n");
    scene.pipe(0).write_eof();
    scene.run_to_the_end();
    EXPECT_EQ(scene.recorder.count("pause"), 1u);
    EXPECT_EQ(scene.recorder.count("resume"), 1u);
}

TEST(SubprocessTransport, APausedPipeIsReadWhenItIsResumed) {
    Scene scene;
    scene.start(shell("echo one; read -r line; echo two"));
    scene.pipe(1).pause_reading();
    EXPECT_TRUE(scene.rig.idle());
    EXPECT_EQ(scene.recorder.events, Events{"made"});
    scene.pipe(1).resume_reading();
    scene.run_until("data:1");
    EXPECT_EQ(scene.recorder.output[1], "one\n");
    scene.write("\n");
    scene.run_to_the_end();
    EXPECT_EQ(scene.recorder.output[1], "one\ntwo\n");
}

TEST(SubprocessTransport, ReturnCodes) {
    const auto code_of = [](const std::string& line) {
        Scene scene;
        scene.start(shell(line), no_pipes);
        std::int32_t code = 77;
        EXPECT_EQ(scene.transport->get_returncode(code), PH_E_AGAIN);
        scene.on("lost", [&] { code = scene.returncode(); });
        scene.run_to_the_end();
        return code;
    };
    EXPECT_EQ(code_of("exit 0"), 0);
    EXPECT_EQ(code_of("exit 126"), 126);
    EXPECT_EQ(code_of("kill -TERM $$"), -SIGTERM);
    EXPECT_EQ(code_of("kill -9 $$"), -SIGKILL);
}

TEST(SubprocessTransport, WhomSomebodyElseHasWaitedForHasNoReturnCode) {
    Scene scene;
    scene.start(plan_for({"true"}), no_pipes);
    ASSERT_EQ(::waitpid(scene.transport->get_pid(), nullptr, 0), scene.transport->get_pid());
    ph_status status = PH_OK;
    scene.on("exited", [&] {
        std::int32_t code = 0;
        status = scene.transport->get_returncode(code);
    });
    scene.run_to_the_end();
    EXPECT_EQ(status, PH_E_FAIL);
}

TEST(SubprocessTransport, CloseKillsAndClosesItsPipes) {
    Scene scene;
    scene.start(plan_for({"sleep", "1000"}));
    scene.transport->close();
    scene.transport->close();
    EXPECT_TRUE(scene.transport->is_closing());
    EXPECT_EQ(scene.recorder.events, Events{"made"}) << "never from inside";
    int code = 0;
    scene.on("exited", [&] { code = scene.returncode(); });
    scene.run_to_the_end();
    EXPECT_EQ(scene.recorder.events,
              (Events{"made", "pipe:0", "pipe:1", "pipe:2", "exited", "lost", "destroy"}));
    EXPECT_EQ(code, -SIGKILL);
}

TEST(SubprocessTransport, CloseOfWhatHasExitedEndsThePipesThatOthersHold) {
    Scene scene;
    scene.start(shell("sleep 1000 & exit 5"));
    scene.run_until("exited");
    scene.run_until("pipe:0");  // of what the shell puts into the background
    EXPECT_FALSE(scene.transport->is_closing()) << "only close() says so";
    EXPECT_TRUE(scene.rig.idle());
    EXPECT_EQ(scene.recorder.count("lost"), 0u);
    EXPECT_EQ(scene.returncode(), 5);
    scene.transport->send_signal(SIGKILL, SignalTo::group);
    scene.transport->close();
    scene.run_to_the_end();
    EXPECT_EQ(scene.recorder.count("exited"), 1u);
}

TEST(SubprocessTransport, SignalsAndTheirRefusals) {
    Scene scene;
    scene.start(shell("trap 'echo got it; exit 0' USR1; echo ready; while :; do sleep 0.01; done"));
    scene.run_until("data:1");
    EXPECT_EQ(scene.transport->send_signal(1234, SignalTo::process), PH_E_INVAL);
    EXPECT_EQ(scene.transport->send_signal(SIGUSR1, SignalTo::process), PH_OK);
    ph_status late = PH_OK;
    scene.on("exited", [&] { late = scene.transport->send_signal(SIGTERM, SignalTo::process); });
    scene.run_to_the_end();
    EXPECT_EQ(scene.recorder.output[1], "ready\ngot it\n");
    EXPECT_EQ(late, PH_E_CLOSED);
}

TEST(SubprocessTransport, ASignalToItsGroupReachesTheGrandchildren) {
    Scene scene;
    scene.start(shell("sleep 1000 & sleep 1000 & echo ready; exit 0"));
    scene.run_until("exited");
    EXPECT_EQ(scene.recorder.count("lost"), 0u) << "they hold its pipes";
    EXPECT_EQ(scene.transport->send_signal(SIGTERM, SignalTo::group), PH_OK);
    scene.run_to_the_end();
}

TEST(SubprocessTransport, WhoHoldsItsPipesHasAsLongAsTheOptionSays) {
    Scene scene;
    TransportSettings settings;
    settings.pipes = std::chrono::milliseconds(50);
    scene.start(shell("echo last words; sleep 1000 & exit 0"), {}, settings);
    const pid_t group = scene.transport->get_pid();
    scene.run_to_the_end();
    EXPECT_EQ(scene.recorder.output[1], "last words\n");
    EXPECT_EQ(
        scene.recorder.sorted(),
        (Events{"data:1", "destroy", "exited", "lost", "made", "pipe:0", "pipe:1", "pipe:2"}));
    EXPECT_LT(scene.recorder.index("exited"), scene.recorder.index("pipe:1"));
    EXPECT_EQ(::kill(-group, SIGKILL), 0) << "the grandchild itself is left alone";
}

TEST(SubprocessTransport, TheOptionMayComeLater) {
    Scene scene;
    scene.start(shell("sleep 1000 & exit 0"));
    const pid_t group = scene.transport->get_pid();
    scene.run_until("exited");
    TransportSettings settings;
    settings.pipes = std::chrono::milliseconds(1);
    scene.transport->retune(settings);
    scene.run_to_the_end();
    ::kill(-group, SIGKILL);
}

TEST(SubprocessTransport, DrainAsksAndThenTerminatesTheGroup) {
    Scene scene;
    scene.start(shell("sleep 1000 & sleep 1000"));
    scene.transport->drain(0);
    scene.transport->drain(0);
    int code = 0;
    scene.on("exited", [&] { code = scene.returncode(); });
    scene.run_to_the_end();
    EXPECT_EQ(code, -SIGTERM);
    EXPECT_EQ(scene.recorder.count("drain"), 1u);
}

TEST(SubprocessTransport, AProtocolMayFinishByItselfAndAbortIsTheEndOfAll) {
    Scene scene;
    scene.recorder.keep_open_at_drain = true;
    scene.start(shell("trap '' TERM; sleep 1000 & echo ready; wait"));
    scene.run_until("data:1");
    scene.transport->drain(0);
    EXPECT_TRUE(scene.rig.idle());
    scene.transport->abort();
    scene.run_to_the_end();
    EXPECT_EQ(scene.recorder.count("exited"), 1u);
    EXPECT_EQ(scene.rig.ends, 1u);
}

TEST(SubprocessTransport, WhatACallbackFailsWithEndsNothing) {
    Scene scene;
    scene.recorder.on = [](std::string_view) { return ph_status{PH_E_FAIL}; };
    scene.start(shell("echo out; echo err >&2"));
    scene.run_to_the_end();
    EXPECT_EQ(scene.recorder.output[1], "out\n");
    EXPECT_EQ(scene.recorder.output[2], "err\n");
    EXPECT_EQ(scene.rig.failures.size(), scene.recorder.events.size() - 1) << "all but destroy";
    EXPECT_EQ(scene.rig.failures.front(), "connection_made: failed without saying why");
}

TEST(SubprocessTransport, AChildThatClosesItsInputIsNoticedAtOnce) {
    Scene scene;
    scene.start(shell("exec <&-; echo closed; sleep 1000"));
    scene.run_until("pipe:0");
    EXPECT_EQ(scene.recorder.count("exited"), 0u);
    const auto stale = std::bit_cast<ph_ref>(scene.transport->get_pipe_transport(0));
    EXPECT_NE(stale, 0u);
    EXPECT_TRUE(scene.rig.loop.references().find(stale) == nullptr);
    scene.transport->close();
    scene.run_to_the_end();
}

TEST(SubprocessTransport, WhatAChildHasNotReadIsLostWithAReason) {
    Scene scene;
    scene.start(shell("read -r line; exit 0"));
    const std::string much(1 << 20, 'x');
    scene.write("\n" + much);
    scene.run_to_the_end();
    EXPECT_EQ(scene.recorder.count("pipe:0:" + std::to_string(EPIPE)), 1u);
    EXPECT_EQ(scene.recorder.count("resume"), 0u);
}

TEST(SubprocessTransport, StandardErrorMayGoWhereTheOutputGoes) {
    Scene scene;
    scene.start(shell("echo out; echo err >&2"),
                {{{{Kind::null}, {Kind::pipe}, {Kind::output}}}, {}});
    scene.run_to_the_end();
    EXPECT_EQ(scene.recorder.output[1], "out\nerr\n");
    EXPECT_EQ(scene.recorder.count("pipe:1"), 1u);
    EXPECT_EQ(scene.recorder.count("pipe:2"), 0u);
}

TEST(SubprocessTransport, DescriptorsOfOthersArePassedOn) {
    Pipe pipe;
    Scene scene;
    scene.start(
        shell("echo elsewhere"),
        {{{{Kind::inherited}, {Kind::descriptor, pipe.writing.get()}, {Kind::inherited}}}, {}});
    scene.run_to_the_end();
    EXPECT_EQ(pipe.read_all(), "elsewhere\n");
}

TEST(SubprocessTransport, ATerminalOfItsOwn) {
    Scene scene;
    StandardStreams streams;
    streams.terminal = {50, 132};
    scene.start(shell("stty -echo -onlcr; stty size; test -t 0 && test -t 1 && test -t 2 && echo "
                      "terminal; echo >/dev/tty controlling; echo err >&2; read -r line; echo "
                      "$line; exec 2>&1 >/dev/null </dev/null"),
                streams);
    EXPECT_TRUE(scene.transport->get_pipe_transport(2) == nullptr);
    scene.write("typed\n");
    int code = -1;
    scene.on("exited", [&] { code = scene.returncode(); });
    scene.run_to_the_end();
    EXPECT_EQ(code, 0);
    const std::string& shown = scene.recorder.output[1];
    for (const char* const part : {"50 132\n", "terminal\n", "controlling\n", "err\n", "typed\n"}) {
        EXPECT_NE(shown.find(part), std::string::npos) << shown;
    }
    EXPECT_EQ(scene.recorder.count("pipe:0"), 1u);
    EXPECT_EQ(scene.recorder.count("pipe:1"), 1u) << "its end is no error";
}

TEST(SubprocessTransport, ATerminalThatIsOnlyTypedAtEndsWithTheProcess) {
    Scene scene;
    scene.start(shell("test -t 0"), {{{{Kind::pipe}, {Kind::null}, {Kind::null}}}, TerminalSize{}});
    int code = -1;
    scene.on("exited", [&] { code = scene.returncode(); });
    scene.run_to_the_end();
    EXPECT_EQ(code, 0);
    EXPECT_EQ(scene.recorder.events, (Events{"made", "exited", "pipe:0", "lost", "destroy"}));
}

TEST(SubprocessTransport, ItIsKnownByItsNumberAndItsPidfd) {
    Scene scene;
    scene.start(plan_for({"sleep", "1000"}), no_pipes);
    ph_info info{};
    ASSERT_EQ(scene.transport->get_extra_info("subprocess", info), PH_OK);
    EXPECT_EQ(info.kind, std::uint32_t{PH_INFO_DESCRIPTOR});
    const std::string number(info.text.p, info.text.n);
    EXPECT_EQ(number, std::to_string(scene.transport->get_pid()));
    EXPECT_EQ(scene.transport->peer_text(), "sleep (pid " + number + ")");
    EXPECT_FALSE(becomes_readable(static_cast<int>(info.number), 0));
    scene.transport->send_signal(SIGKILL, SignalTo::process);
    EXPECT_TRUE(becomes_readable(static_cast<int>(info.number)));
    EXPECT_EQ(scene.transport->get_extra_info("peername", info), PH_E_UNSUPPORTED);
    scene.run_to_the_end();
}

TEST(SubprocessTransport, ItsBytesAreCountedAlsoWhenItsPipesAreGone) {
    Scene scene;
    scene.start(shell("read -r line; echo 12345; exec >&-; sleep 1000"));
    scene.write("123\n");
    scene.run_until("pipe:1");
    EXPECT_EQ(scene.transport->traffic().sent, 4u);
    EXPECT_EQ(scene.transport->traffic().received, 6u);
    scene.transport->close();
    scene.run_to_the_end();
}

TEST(SubprocessTransport, WhatIsInItsWayIsSaidAndNothingIsLeft) {
    Rig rig;
    const auto refused = [&](const ProcessPlan& plan) {
        const auto launched =
            SubprocessTransport::launch(rig.loop, plan, {}, {}, rig.owner(), nullptr);
        return launched ? "it was started"
                        : base::to_string(base::Errors(launched.error()).front());
    };
    EXPECT_EQ(refused({}), "no program was named");
    EXPECT_EQ(refused(plan_for({"/no/such"})), "cannot start /no/such: No such file or directory");
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const base::Descriptor next(::dup(0));
    const std::size_t before_it = open_descriptors();
    const rlimit low{static_cast<rlim_t>(next.get()) + 2, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
    const std::string said = refused(plan_for({"true"}));
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(said,
              "cannot start true: Too many open files (the daemon has no descriptors left "
              "(LimitNOFILE=))");
    EXPECT_EQ(open_descriptors(), before_it) << "none was left open";
}

}  // namespace
}  // namespace protohost::net::testing

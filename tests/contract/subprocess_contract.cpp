// SPDX-License-Identifier: MIT
#include <cerrno>
#include <csignal>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/contract/process_contract.hpp"

// What a SubprocessTransport promises.

namespace protohost::contract {
namespace {

using Events = std::vector<std::string>;

TEST_P(SubprocessContract, ConnectionMadeComesFirstAndConnectionLostLast) {
    Program& program = start();
    EXPECT_EQ(story.events, Events{"made"});
    EXPECT_GT(transport().get_pid(), 0);
    EXPECT_FALSE(transport().get_returncode());
    EXPECT_FALSE(transport().is_closing());
    program.say(1, "out");
    program.say(2, "err");
    program.exit(3);
    run_to_the_end();
    EXPECT_EQ(story.of(0), Events{"pipe 0"});
    EXPECT_EQ(story.of(1), (Events{"data 1", "pipe 1"}));
    EXPECT_EQ(story.of(2), (Events{"data 2", "pipe 2"}));
    EXPECT_EQ(story.output[1], "out");
    EXPECT_EQ(story.output[2], "err");
    EXPECT_EQ(story.count("exited"), 1u);
    EXPECT_EQ(story.returncode, 3);
    EXPECT_TRUE(story.in_order);
    ASSERT_GT(story.events.size(), 2u);
    EXPECT_EQ(story.events[story.events.size() - 2], "lost");
}

TEST_P(SubprocessContract, WithoutPipesThereAreThreeEvents) {
    const Stdio null = Stdio::devnull();
    Program& program = start({.options = {.in = null, .out = null, .err = null}});
    for (const int fd : {-1, 0, 1, 2, 3}) EXPECT_FALSE(transport().get_pipe_transport(fd)) << fd;
    program.exit(0);
    run_to_the_end();
    EXPECT_EQ(story.events, (Events{"made", "exited", "lost", "destroyed"}));
}

TEST_P(SubprocessContract, StandardErrorMayGoWhereTheOutputGoes) {
    Program& program = start({.options = {.err = Stdio::output()}});
    EXPECT_FALSE(transport().get_pipe_transport(2));
    program.say(1, "out");
    program.exit(0);
    run_to_the_end();
    EXPECT_EQ(story.count("pipe 1"), 1u);
    EXPECT_EQ(story.count("pipe 2"), 0u);
}

TEST_P(SubprocessContract, WhatIsWrittenReachesIt) {
    Program& program = start();
    WriteTransport input = transport().get_pipe_transport(0);
    EXPECT_EQ(input.write("hello "), WriteStatus::accepted);
    EXPECT_EQ(input.write("program"), WriteStatus::accepted);
    EXPECT_TRUE(input.can_write_eof());
    program.listen(13);
    run_until([&] { return program.heard() == "hello program"; });
    input.write_eof();
    run_until([&] { return story.count("pipe 0") == 1; });
    EXPECT_EQ(story.errors[0], 0);
    EXPECT_EQ(story.count("exited"), 0u);
    EXPECT_EQ(input.write("late"), WriteStatus::closed);
}

TEST_P(SubprocessContract, ThePausesOfItsInputAreTheProtocols) {
    Program& program = start();
    WriteTransport input = transport().get_pipe_transport(0);
    const std::string much(1 << 20, 'x');
    EXPECT_EQ(input.write(much), WriteStatus::accepted);
    EXPECT_EQ(story.events, (Events{"made", "pause"}));
    EXPECT_GT(input.get_write_buffer_size(), std::size_t{64 * 1024});
    program.listen(much.size());
    run_until([&] { return program.heard().size() == much.size() && story.count("resume") == 1; });
    EXPECT_EQ(story.count("pause"), 1u);
}

TEST_P(SubprocessContract, ReadingIsPausedForEachPipeByItself) {
    Program& program = start();
    ReadTransport output = transport().get_pipe_transport(1);
    output.pause_reading();
    EXPECT_FALSE(output.is_reading());
    program.say(1, "out");
    program.say(2, "err");
    run_until([&] { return story.output[2] == "err"; });
    world->settle();
    EXPECT_EQ(story.output[1], "");
    output.resume_reading();
    run_until([&] { return story.output[1] == "out"; });
}

TEST_P(SubprocessContract, WhatWasSaidBeforeTheExitIsDeliveredAlsoWhereReadingWasPaused) {
    Program& program = start();
    transport().get_pipe_transport(1).pause_reading();
    program.say(1, "last words");
    program.exit(1);
    run_until([&] { return story.count("exited") == 1; });
    world->settle();
    EXPECT_EQ(story.of(1), Events{});
    EXPECT_EQ(story.count("lost"), 0u);
    transport().get_pipe_transport(1).resume_reading();
    run_to_the_end();
    EXPECT_EQ(story.output[1], "last words");
}

TEST_P(SubprocessContract, ASignalThatEndsItIsItsReturncode) {
    start();
    EXPECT_TRUE(transport().terminate());
    EXPECT_EQ(story.events, Events{"made"}) << "never from inside";
    run_to_the_end();
    EXPECT_EQ(story.returncode, -SIGTERM);
}

TEST_P(SubprocessContract, KillEndsWhatDoesNotTerminate) {
    Program& program = start({.handles_terminate = true});
    EXPECT_TRUE(transport().terminate());
    program.say(1, "still here");
    run_until([&] { return story.output[1] == "still here"; });
    EXPECT_TRUE(transport().kill());
    run_to_the_end();
    EXPECT_EQ(story.returncode, -SIGKILL);
}

TEST_P(SubprocessContract, WhoHasExitedIsNotSignalledAnyMore) {
    Program& program = start();
    bool signalled = true;
    on("exited", [&] { signalled = transport().send_signal(SIGTERM); });
    program.exit(0);
    run_to_the_end();
    EXPECT_FALSE(signalled);
    EXPECT_FALSE(transport().kill()) << "nor when it is lost";
    EXPECT_FALSE(transport().get_returncode());
}

TEST_P(SubprocessContract, ASignalThatThereIsNotIsAnError) {
    start();
    EXPECT_THROW(transport().send_signal(-1), std::invalid_argument);
    EXPECT_THROW(transport().send_signal(1234), std::invalid_argument);
}

TEST_P(SubprocessContract, CloseKillsItAndClosesItsPipes) {
    start();
    transport().close();
    transport().close();
    EXPECT_TRUE(transport().is_closing());
    EXPECT_EQ(story.events, Events{"made"}) << "never from inside";
    run_to_the_end();
    EXPECT_EQ(story.events,
              (Events{"made", "pipe 0", "pipe 1", "pipe 2", "exited", "lost", "destroyed"}));
    EXPECT_EQ(story.returncode, -SIGKILL);
}

TEST_P(SubprocessContract, TheExitDoesNotWaitForWhoHoldsThePipes) {
    Program& program = start();
    program.exit_before_its_pipes(7);
    run_until([&] { return story.count("exited") == 1; });
    world->settle();
    EXPECT_EQ(story.returncode, 7);
    EXPECT_FALSE(transport().is_closing());
    EXPECT_EQ(story.events, (Events{"made", "exited"}));
    program.let_go();
    run_to_the_end();
    EXPECT_EQ(story.count("pipe 1"), 1u);
}

TEST_P(SubprocessContract, CloseEndsTheWaitForWhoHoldsThePipes) {
    Program& program = start();
    program.exit_before_its_pipes(7);
    run_until([&] { return story.count("exited") == 1; });
    transport().close();
    run_to_the_end();
    EXPECT_EQ(story.events,
              (Events{"made", "exited", "pipe 0", "pipe 1", "pipe 2", "lost", "destroyed"}));
    program.let_go();
}

TEST_P(SubprocessContract, AProgramThatClosesItsInputIsNoticedAtOnce) {
    Program& program = start();
    program.close(0);
    run_until([&] { return story.count("pipe 0") == 1; });
    EXPECT_EQ(story.count("exited"), 0u);
    EXPECT_EQ(story.errors[0], 0);
    EXPECT_EQ(WriteTransport(transport().get_pipe_transport(0)).write("late"), WriteStatus::closed);
}

TEST_P(SubprocessContract, WhatItHasNotReadIsLostWithAReason) {
    Program& program = start();
    WriteTransport(transport().get_pipe_transport(0)).write(std::string(1 << 20, 'x'));
    program.exit(0);
    run_to_the_end();
    EXPECT_EQ(story.errors[0], EPIPE);
    EXPECT_EQ(story.count("resume"), 0u);
}

TEST_P(SubprocessContract, WhatACallbackThrowsEndsNothing) {
    story.on = [](std::string_view event) { throw std::runtime_error(std::string(event)); };
    Program& program = start();
    program.say(1, "out");
    program.exit(0);
    run_to_the_end();
    EXPECT_EQ(story.output[1], "out");
    EXPECT_EQ(story.returncode, 0);
    const Events failures = world->failures();
    EXPECT_EQ(failures.size(), story.events.size() - 1) << "all but its destructor";
    ASSERT_FALSE(failures.empty());
    EXPECT_EQ(failures.front(), "connection_made: made");
}

TEST_P(SubprocessContract, AnotherProtocolMayTakeItsPlace) {
    Program& program = start();
    ProcessStory other;
    transport().set_protocol(std::make_unique<ProcessRecorder>(other));
    other.transport = transport();
    program.say(1, "out");
    program.exit(0);
    run_until([&] { return other.is_over(); });
    EXPECT_EQ(story.events, (Events{"made", "destroyed"}));
    EXPECT_EQ(other.output[1], "out");
    EXPECT_EQ(other.count("exited"), 1u);
    EXPECT_THROW(transport().set_protocol(std::make_unique<Protocol>()), std::invalid_argument);
}

TEST_P(SubprocessContract, ADrainTerminatesIt) {
    start();
    world->drain();
    run_to_the_end();
    EXPECT_EQ(story.count("drain"), 1u);
    EXPECT_EQ(story.returncode, -SIGTERM);
}

TEST_P(SubprocessContract, AProtocolMayFinishByItselfWhenItIsDrained) {
    story.keep_open_at_drain = true;
    Program& program = start();
    world->drain();
    run_until([&] { return story.count("drain") == 1; });
    program.say(1, "finished");
    program.exit(0);
    run_to_the_end();
    EXPECT_EQ(story.output[1], "finished");
    EXPECT_EQ(story.returncode, 0);
}

TEST_P(SubprocessContract, ATerminalIsOnePipeForBothDirections) {
    Program& program = start({.options = {.pty = TerminalSize{}}});
    EXPECT_TRUE(transport().get_pipe_transport(0));
    EXPECT_FALSE(transport().get_pipe_transport(2));
    program.say(1, "shown");
    run_until([&] { return story.output[1].find("shown") != std::string::npos; });
    program.exit(0);
    run_to_the_end();
    EXPECT_EQ(story.errors[1], 0) << "its end is no error";
    EXPECT_EQ(story.count("pipe 0"), 1u);
    EXPECT_EQ(story.count("pipe 1"), 1u);
}

TEST_P(SubprocessContract, ItIsKnownByItsNumber) {
    start();
    EXPECT_EQ(transport().get_extra_info("subprocess").text(),
              std::to_string(transport().get_pid()));
    EXPECT_FALSE(transport().get_extra_info("peername"));
    EXPECT_TRUE(transport().ref().lock());
    const SubprocessTransportRef kept = transport().ref();
    transport().abort();
    run_to_the_end();
    EXPECT_FALSE(kept.lock());
}

}  // namespace
}  // namespace protohost::contract

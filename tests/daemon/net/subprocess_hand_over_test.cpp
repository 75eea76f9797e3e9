// SPDX-License-Identifier: MIT
// hand_over() of a process: it goes on, and its pipes with it.
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/net/subprocess_rig.hpp"

namespace protohost::net::testing {
namespace {

using Events = std::vector<std::string>;

struct SubprocessHandOver : ::testing::Test {
    void hand_over(std::shared_ptr<void> factory = nullptr) {
        scene.transport->hand_over(scene.next.proto(), std::move(factory));
    }
    void run_until_next(std::string_view event) {
        scene.rig.run_until([&] { return scene.next.count(event) != 0; });
    }

    /// In the place of a pipe's own protocol.
    Recorder foreign;
    Scene scene;
};

TEST_F(SubprocessHandOver, ThePipesGoToTheNext) {
    scene.start(plan_for({"cat"}));
    const int pid = scene.transport->get_pid();
    hand_over();
    EXPECT_EQ(scene.recorder.events, (Events{"made", "lost", "destroy"}));
    EXPECT_EQ(scene.next.events, Events{"made"});
    EXPECT_EQ(scene.transport->get_pid(), pid);
    EXPECT_EQ(scene.write("hello"), PH_OK);
    run_until_next("data:1");
    EXPECT_EQ(scene.next.output[1], "hello");
    scene.pipe(0).close();
    run_until_next("destroy");
    EXPECT_EQ(
        scene.next.sorted(),
        (Events{"data:1", "destroy", "exited", "lost", "made", "pipe:0", "pipe:1", "pipe:2"}));
    EXPECT_EQ(scene.recorder.events.size(), 3U);
}

TEST_F(SubprocessHandOver, WhatTheFirstHasKeptOfAPipeIsStale) {
    scene.start(plan_for({"cat"}));
    const auto former = std::bit_cast<ph_ref>(scene.transport->get_pipe_transport(0));
    ASSERT_NE(scene.rig.loop.references().find(former), nullptr);
    hand_over();
    EXPECT_EQ(scene.rig.loop.references().find(former), nullptr);
    EXPECT_EQ(scene.write("hello"), PH_OK);
}

TEST_F(SubprocessHandOver, TheFactoryOfTheFirstIsLetGo) {
    const auto code = std::make_shared<int>(1);
    const auto other = std::make_shared<int>(2);
    scene.start(plan_for({"cat"}), {}, {}, code);
    EXPECT_GT(code.use_count(), 1);
    hand_over(other);
    EXPECT_EQ(code.use_count(), 1);
    EXPECT_GT(other.use_count(), 1);
    scene.transport->abort();
    run_until_next("destroy");
    EXPECT_EQ(other.use_count(), 1);
}

TEST_F(SubprocessHandOver, APipeComesBackFromAnotherProtocol) {
    scene.start(plan_for({"cat"}));
    foreign.transport = &scene.pipe(1);
    EXPECT_EQ(scene.pipe(1).set_protocol(foreign.proto()), PH_OK);
    hand_over();
    EXPECT_EQ(foreign.events, (Events{"lost", "destroy"}));
    EXPECT_EQ(scene.write("hello"), PH_OK);
    run_until_next("data:1");
    EXPECT_EQ(scene.next.output[1], "hello");
}

TEST_F(SubprocessHandOver, TheNextReadsWhereTheFirstHadPaused) {
    scene.start(shell("echo kept; exec cat"));
    EXPECT_FALSE(scene.transport->is_output_paused());
    scene.pipe(1).pause_reading();
    EXPECT_TRUE(scene.transport->is_output_paused());
    hand_over();
    EXPECT_FALSE(scene.transport->is_output_paused());
    run_until_next("data:1");
    EXPECT_EQ(scene.next.output[1], "kept\n");
    EXPECT_EQ(scene.recorder.count("data:1"), 0U);
}

TEST_F(SubprocessHandOver, TheNextIsPausedAtOnceWhereTooMuchWaits) {
    scene.start(shell("read line; exec cat >/dev/null"));
    const std::string much(1'000'000, 'x');
    EXPECT_EQ(scene.write(much), PH_OK);
    EXPECT_EQ(scene.recorder.count("pause"), 1U);
    hand_over();
    EXPECT_EQ(scene.recorder.events, (Events{"made", "pause", "lost", "destroy"}));
    EXPECT_EQ(scene.next.events, (Events{"made", "pause"}));
    EXPECT_EQ(scene.write("\n"), PH_OK);
    run_until_next("resume");
    EXPECT_EQ(scene.next.events, (Events{"made", "pause", "resume"}));
}

TEST_F(SubprocessHandOver, OfAPipeThatHasEndedNobodyHearsAgain) {
    scene.start(shell("exec 2>&-; exec cat"));
    scene.run_until("pipe:2");
    hand_over();
    scene.pipe(0).close();
    run_until_next("destroy");
    EXPECT_EQ(scene.next.count("pipe:2"), 0U);
    EXPECT_EQ(scene.next.count("pipe:1"), 1U);
}

}  // namespace
}  // namespace protohost::net::testing

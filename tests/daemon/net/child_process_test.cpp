// SPDX-License-Identifier: MIT
#include "daemon/net/child_process.hpp"

#include <cerrno>
#include <csignal>
#include <memory>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/daemon/net/process_rig.hpp"

namespace protohost::net::testing {
namespace {

using How = ProcessExit::How;

std::unique_ptr<ChildProcess> start(const ProcessPlan& plan) {
    auto started = spawn(plan);
    EXPECT_TRUE(started);
    return started ? std::make_unique<ChildProcess>(std::move(*started)) : nullptr;
}

bool is_zombie(pid_t id) {
    siginfo_t ended{};
    return ::waitid(P_PID, static_cast<id_t>(id), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           ended.si_pid == id;
}

TEST(ChildProcess, HowItEnds) {
    EXPECT_EQ(run(shell("exit 0")).exit, (ProcessExit{How::exited, 0}));
    EXPECT_EQ(run(shell("exit 77")).exit, (ProcessExit{How::exited, 77}));
    EXPECT_EQ(run(shell("kill -9 $$")).exit, (ProcessExit{How::killed, SIGKILL}));
    EXPECT_EQ(run(shell("ulimit -c 0; kill -ABRT $$")).exit, (ProcessExit{How::killed, SIGABRT}));
}

TEST(ChildProcess, WhileItRunsThereIsNoExit) {
    const auto process = start(plan_for({"sleep", "1000"}));
    EXPECT_FALSE(process->collect());
    EXPECT_FALSE(process->exit());
    process->reap();
    EXPECT_EQ(process->send_signal(SIGTERM), 0);
    EXPECT_EQ(wait_for(*process), (ProcessExit{How::killed, SIGTERM}));
}

TEST(ChildProcess, SignalsThatCannotBeSent) {
    const auto process = start(plan_for({"sleep", "1000"}));
    EXPECT_EQ(process->send_signal(1234), EINVAL);
    EXPECT_EQ(process->send_signal(-1), EINVAL);
    process->send_signal(SIGKILL);
    wait_for(*process);
    EXPECT_EQ(process->send_signal(SIGTERM), ESRCH);
    process->reap();
    EXPECT_EQ(process->send_signal(SIGTERM), ESRCH);
    EXPECT_EQ(process->signal_group(SIGTERM), ESRCH);
}

TEST(ChildProcess, UntilItIsReapedItsNumberIsItsOwn) {
    const auto process = start(plan_for({"true"}));
    wait_for(*process);
    EXPECT_TRUE(is_zombie(process->id()));
    process->reap();
    EXPECT_FALSE(is_zombie(process->id()));
    process->reap();
    EXPECT_EQ(process->exit(), (ProcessExit{How::exited, 0}));
}

TEST(ChildProcess, ItsGroupIsReachedAlsoAfterItsEnd) {
    Pipe pipe;
    ProcessPlan plan = shell("sleep 1000 & echo started >&7; exit 3");
    plan.descriptors[7] = pipe.writing.get();
    const auto process = start(plan);
    EXPECT_EQ(wait_for(*process), (ProcessExit{How::exited, 3}));
    EXPECT_EQ(process->signal_group(SIGKILL), 0);
    EXPECT_EQ(pipe.read_all(), "started\n") << "the grandchild has let go of the pipe";
}

TEST(ChildProcess, WhomSomebodyElseHasWaitedForHasAnUnknownEnd) {
    const auto process = start(plan_for({"true"}));
    ASSERT_EQ(::waitpid(process->id(), nullptr, 0), process->id());
    EXPECT_EQ(wait_for(*process), ProcessExit{});
    EXPECT_EQ(process->exit()->how, How::unknown);
    EXPECT_EQ(process->signal_group(SIGKILL), ESRCH) << "its number may be another's";
}

TEST(ChildProcess, ItsOwnersEndIsItsEndAndThatOfItsGroup) {
    Pipe pipe;
    ProcessPlan plan = shell("sleep 1000 & echo started >&7; wait");
    plan.descriptors[7] = pipe.writing.get();
    auto process = start(plan);
    const pid_t id = process->id();
    ASSERT_TRUE(becomes_readable(pipe.reading.get()));
    process.reset();
    EXPECT_EQ(pipe.read_all(), "started\n");
    EXPECT_EQ(::waitpid(id, nullptr, WNOHANG), -1) << "it was reaped";
}

}  // namespace
}  // namespace protohost::net::testing

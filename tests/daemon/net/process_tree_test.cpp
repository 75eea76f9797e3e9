// SPDX-License-Identifier: MIT
#include "daemon/net/process_tree.hpp"

#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include <gtest/gtest.h>

#include "tests/daemon/net/process_rig.hpp"

namespace protohost::net::testing {
namespace {

using How = ProcessExit::How;

/// Says when all that it starts is there, by a line for each.
struct Planted {
    Planted(const ProcessTree& tree, const std::string& line, int lines) {
        ProcessPlan plan = shell(line);
        plan.descriptors[1] = pipe.writing.get();
        tree.mark(plan);
        auto started = spawn(plan);
        EXPECT_TRUE(started);
        process.emplace(std::move(*started));
        for (char read = 0; lines > 0 && ::read(pipe.reading.get(), &read, 1) == 1;) {
            if (read == '\n') --lines;
        }
        EXPECT_EQ(lines, 0);
    }
    /// Whether nobody has its standard output any more.
    bool is_silent() {
        pipe.writing.close();
        char read = 0;
        return becomes_readable(pipe.reading.get()) && ::read(pipe.reading.get(), &read, 1) == 0;
    }

    Pipe pipe;
    std::optional<ChildProcess> process;
};

TEST(ProcessTree, IsKilledWithThoseWhoHaveLeftTheirGroupTheirSessionAndTheirParent) {
    const ProcessTree tree;
    Planted planted(tree,
                    "sh -c 'setsid sh -c \"echo in a session; exec sleep 1000\" &'; "
                    "(setsid sh -c '(echo forked twice; exec sleep 1000) &' &); "
                    "echo here; exec sleep 1000",
                    3);
    const ProcessTree::Killed killed = tree.kill();
    EXPECT_GE(killed.killed, 3U);
    EXPECT_EQ(killed.left, 0U);
    EXPECT_EQ(wait_for(*planted.process), (ProcessExit{How::killed, SIGKILL}));
    EXPECT_TRUE(planted.is_silent());
    EXPECT_EQ(tree.kill().killed, 0U);
}

TEST(ProcessTree, LeavesOthersAlone) {
    const ProcessTree tree;
    const ProcessTree another;
    Planted planted(another, "echo here; exec sleep 1000", 1);
    EXPECT_EQ(tree.kill().killed, 0U);
    EXPECT_FALSE(planted.process->collect());
    EXPECT_EQ(another.kill().killed, 1U);
    EXPECT_EQ(wait_for(*planted.process), (ProcessExit{How::killed, SIGKILL}));
}

TEST(ProcessTree, KillsThoseWhoForkFasterThanItLooks) {
    const ProcessTree tree;
    Planted planted(
        tree, "f() { (exec sleep 0.01; true) & wait; }; echo here; while :; do f; done", 1);
    const ProcessTree::Killed killed = tree.kill();
    EXPECT_GE(killed.killed, 1U);
    EXPECT_EQ(killed.left, 0U);
    EXPECT_TRUE(planted.is_silent());
}

/// The kernel tells an account the limits of its own processes only; /proc tells all.
TEST(ProcessTree, FindsThoseOfOtherAccountsThoughItMayNotKillThem) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root has others";
    const ProcessTree tree;
    Planted planted(tree, "echo here; exec sleep 1000", 1);
    const pid_t nobody = ::fork();
    ASSERT_GE(nobody, 0);
    if (nobody == 0) {
        const bool changed = ::setresuid(65534, 65534, 65534) == 0;
        const ProcessTree::Killed killed = tree.kill();
        ::_exit(changed && killed.killed == 0 && killed.left == 1 ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(nobody, &status, 0), nobody);
    EXPECT_EQ(status, 0);
    EXPECT_FALSE(planted.process->collect());
    EXPECT_EQ(tree.kill().killed, 1U);
}

TEST(ProcessTree, ItsMarkLimitsNothing) {
    const ProcessTree tree;
    ProcessPlan plan;
    tree.mark(plan);
    ASSERT_EQ(plan.limits.size(), 1U);
    EXPECT_EQ(plan.limits[0].resource, RLIMIT_RTTIME);
    EXPECT_GE(plan.limits[0].soft, std::uint64_t{1} << 62);
    EXPECT_LT(plan.limits[0].soft, RLIM_INFINITY);
}

}  // namespace
}  // namespace protohost::net::testing

// SPDX-License-Identifier: MIT
// The daemon as process 1 of a container.
#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "tests/system/harness/child.hpp"
#include "tests/system/harness/client.hpp"
#include "tests/system/harness/daemon.hpp"

namespace protohost::harness {
namespace {

std::vector<pid_t> children_of(pid_t parent) {
    const std::string process = std::to_string(parent);
    std::ifstream file("/proc/" + process + "/task/" + process + "/children");
    std::vector<pid_t> children;
    for (pid_t child = 0; file >> child;) children.push_back(child);
    return children;
}

class FirstProcess : public testing::Test {
protected:
    void SetUp() override {
        const std::vector<std::string> alone{"unshare", "--pid", "--fork", "--mount-proc"};
        std::vector<std::string> trial = alone;
        trial.emplace_back("true");
        const Finished tried = run(trial);
        if (tried.code != 0) GTEST_SKIP() << "no namespace of processes: " << tried.errors;
        wrapper_ = alone;
        wrapper_.emplace_back("--kill-child");
    }

    /// As the machine outside numbers it.
    static pid_t first(const Daemon& daemon) { return children_of(daemon.pid()).at(0); }

    std::vector<std::string> wrapper_;
};

TEST_F(FirstProcess, ReapsTheOrphansOfOthers) {
    const ScratchFolder folder;
    const std::string fifo = (folder.path() / "orphan").string();
    ASSERT_EQ(run({"mkfifo", fifo}).code, 0);
    // The shell ends at once; who waits at the FIFO has lost its parent by then.
    Daemon daemon({.listeners = listener("echo", "echo"),
                   .sections = "subprocesses: {parent: {shell: \"(exec setsid cat " + fifo +
                               ") & exit 0\", restart: never}}\n",
                   .wrapper = wrapper_});
    ASSERT_TRUE(Client(daemon.port("echo")).echoes("hello"));
    daemon.log().wait_for("exited with code 0");
    const pid_t init = first(daemon);
    while (children_of(init).size() == 1) std::this_thread::yield();
    std::ofstream(fifo).close();  // and so it ends, of which nobody else is told
    while (children_of(init).size() > 1) std::this_thread::yield();
    EXPECT_EQ(children_of(init).size(), 1U) << "the daemon alone is left";
    ::kill(init, SIGTERM);
    EXPECT_EQ(daemon.wait(), 0);
}

TEST_F(FirstProcess, PassesSignalsOn) {
    Daemon daemon({.listeners = listener("echo", "echo"), .wrapper = wrapper_});
    ::kill(first(daemon), SIGHUP);
    daemon.log().wait_for("(SIGHUP) unchanged");
    ::kill(first(daemon), SIGINT);
    EXPECT_EQ(daemon.wait(), 0);
    EXPECT_EQ(daemon.log().count("SIGINT: stopping"), 1U);
}

TEST_F(FirstProcess, EndsAsTheDaemonDid) {
    Daemon daemon({.listeners = listener("echo", "echo"), .wrapper = wrapper_});
    ::kill(children_of(first(daemon)).at(0), SIGKILL);
    EXPECT_EQ(daemon.wait(), 128 + SIGKILL);

    const ScratchFolder folder;
    std::vector<std::string> command = wrapper_;
    const std::string bad = folder.write("protohost.yaml", "listeners: {one: {listen: nowhere}}\n");
    command.insert(command.end(), {daemon_program(), "--config", bad});
    EXPECT_EQ(run(command).code, 78);
}

}  // namespace
}  // namespace protohost::harness

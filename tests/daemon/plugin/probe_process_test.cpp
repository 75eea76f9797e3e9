// SPDX-License-Identifier: MIT
#include "daemon/plugin/probe_process.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "daemon/base/descriptor.hpp"
#include "tests/daemon/plugin/guest_files.hpp"

namespace protohost::plugin {
namespace {

using testing::text;

/// Runs a shell script in the place of the daemon.
class ProbeProcess : public ::testing::Test {
protected:
    ProbeEnd run(const std::string& script,
                 const std::string& input = {},
                 std::chrono::milliseconds limit = std::chrono::seconds(60)) {
        const std::string program = folder_ / "script";
        const std::string whole = "#!/bin/sh\n" + script + "\n";
        const auto* const begin = reinterpret_cast<const std::byte*>(whole.data());
        testing::write_bytes(program, {begin, begin + whole.size()});
        const auto end = run_probe_process("x.so", program, input, limit);
        EXPECT_TRUE(end) << text(end);
        return end.value();
    }

    testing::TemporaryFolder folder_;
};

TEST_F(ProbeProcess, IsCalledWithTheOptionAndItsInput) {
    const ProbeEnd end = run("echo \"$@\"; cat; exit 7", "hello");
    EXPECT_EQ(end.output, "--probe\nhello");
    EXPECT_EQ(end.exit_code, 7);
    EXPECT_EQ(end.signal, 0);
    EXPECT_FALSE(end.timed_out);
    EXPECT_EQ(end.last_words, "");
}

TEST_F(ProbeProcess, NeedNotReadItsInput) {
    EXPECT_EQ(run("exit 0", std::string(std::size_t{4} << 20, 'x')).exit_code, 0);
}

TEST_F(ProbeProcess, LeavesItsSignalAndItsLastWords) {
    const ProbeEnd end = run("echo first >&2; echo last >&2; echo >&2; kill -BUS $$");
    EXPECT_EQ(end.signal, SIGBUS);
    EXPECT_EQ(end.last_words, "last");
}

TEST_F(ProbeProcess, HasNoDescriptorOfTheDaemon) {
    const base::Descriptor inherited(::open("/dev/null", O_RDONLY));  // not closed on exec
    ASSERT_GT(inherited.get(), STDERR_FILENO);
    // The shell has its script open, ls the folder that it lists.
    const ProbeEnd end = run("for each in /proc/$$/fd/*; do readlink $each; done");
    EXPECT_EQ(end.output.find("/dev/null"), std::string::npos) << end.output;
    EXPECT_NE(end.output.find("pipe:"), std::string::npos) << end.output;
}

TEST_F(ProbeProcess, DoesNotKnowWhatTheServiceManagerToldTheDaemon) {
    for (const char* const name : {"NOTIFY_SOCKET", "LISTEN_FDS", "WATCHDOG_USEC", "PROBE_TEST"}) {
        ::setenv(name, "1", 1);
    }
    const ProbeEnd end = run("env");
    for (const char* const name : {"NOTIFY_SOCKET", "LISTEN_FDS", "WATCHDOG_USEC"}) {
        EXPECT_EQ(end.output.find(name), std::string::npos) << name;
        ::unsetenv(name);
    }
    EXPECT_NE(end.output.find("PROBE_TEST=1"), std::string::npos);
}

TEST_F(ProbeProcess, HasNoSignalBlockedOrIgnored) {
    ::signal(SIGPIPE, SIG_IGN);
    sigset_t blocked;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
    const ProbeEnd end = run("sed -n 's/^SigBlk:\t//p; s/^SigIgn:\t//p' /proc/self/status");
    ::pthread_sigmask(SIG_UNBLOCK, &blocked, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    std::istringstream masks(end.output);
    std::uint64_t blocks = 1;
    std::uint64_t ignores = 1;
    masks >> std::hex >> blocks >> ignores;
    EXPECT_EQ(blocks, 0U) << end.output;
    // Signals 32 and 33 are the C library's own.
    EXPECT_EQ(ignores & ~std::uint64_t{0x180000000}, 0U) << end.output;
}

/// It is dead; whoever adopts it may still have to wait for it.
bool is_gone(pid_t process) {
    std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
    std::string line;
    std::getline(stat, line);
    return line.empty() || line.find(") Z ") != std::string::npos ||
           line.find(") X ") != std::string::npos;
}

TEST_F(ProbeProcess, IsKilledWithItsWholeGroupWhenItsTimeIsOver) {
    const auto limit = std::chrono::seconds(2);
    const auto started = std::chrono::steady_clock::now();
    const ProbeEnd end = run("sleep 1000 & echo $!; wait", {}, limit);
    EXPECT_GE(std::chrono::steady_clock::now() - started, limit);
    EXPECT_TRUE(end.timed_out);
    EXPECT_EQ(end.signal, SIGKILL);
    const pid_t sleeper = std::atoi(end.output.c_str());
    ASSERT_GT(sleeper, 0);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!is_gone(sleeper)) {
        ASSERT_LT(std::chrono::steady_clock::now(), deadline);
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

TEST_F(ProbeProcess, IsNotWaitedForBecauseOfWhatItLeavesBehind) {
    // It holds both pipes, in a group of its own.
    const ProbeEnd end = run("setsid sleep 1000 & echo $!; exit 0");
    EXPECT_EQ(end.exit_code, 0);
    EXPECT_FALSE(end.timed_out);
    const pid_t sleeper = std::atoi(end.output.c_str());
    ASSERT_GT(sleeper, 0);
    ::kill(sleeper, SIGKILL);
}

TEST_F(ProbeProcess, MaySayMoreThanIsKept) {
    const ProbeEnd end =
        run("head -c 3000000 /dev/zero; head -c 100000 /dev/zero >&2; echo end >&2");
    EXPECT_EQ(end.output.size(), std::size_t{1} << 20);
    EXPECT_TRUE(end.last_words.ends_with("end"));
    EXPECT_LE(end.last_words.size(), 4096U);
}

}  // namespace
}  // namespace protohost::plugin

// SPDX-License-Identifier: MIT
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <fstream>
#include <memory>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/base/log.hpp"
#include "tests/contract/real_unit.hpp"
#include "tests/system/harness/figures.hpp"
#include "tests/system/harness/scale.hpp"

#include <protohost/services.hpp>

namespace protohost::harness {
namespace {

/// Something to start, and what must come of it.
struct Case {
    std::vector<std::string> command;
    int returncode = 0;
    int os_errno = 0;  ///< not 0: it does not start
    std::string cwd = {};
    std::string output = {};
};

bool has_children() {
    siginfo_t child{};
    return ::waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/// A program that is started for one of the cases.
class Watching final : public SubprocessProtocol {
public:
    Watching(const Case& expected, std::size_t& wrong, std::size_t& running)
        : expected_(expected), wrong_(wrong), running_(running) {}

    void connection_made(SubprocessTransport transport) override { transport_ = transport; }
    void pipe_data_received(int, Bytes data) override { output_ += as_text(data); }
    void connection_lost(const Error* exc) override {
        const bool right = exc == nullptr && expected_.os_errno == 0 &&
                           transport_.get_returncode() == expected_.returncode &&
                           output_ == expected_.output;
        if (!right) ++wrong_;
        --running_;
    }

private:
    const Case& expected_;
    std::size_t& wrong_;
    std::size_t& running_;
    SubprocessTransport transport_;
    std::string output_;
};

class SpawnLoad : public ::testing::Test {
protected:
    SpawnLoad() {
        base::LogSettings quiet;
        quiet.level = base::Level::warn;
        base::configure_logging(quiet);
        const std::string no_program = unit_.folder() / "no-program";
        std::ofstream(no_program) << "no program\n";
        EXPECT_EQ(::chmod(no_program.c_str(), 0755), 0);
        const std::string forbidden = unit_.folder() / "forbidden";
        std::ofstream(forbidden) << "#!/bin/sh\n";
        EXPECT_EQ(::chmod(forbidden.c_str(), 0644), 0);
        cases_ = {
            {{"true"}},
            {{"false"}, 1},
            {{"sh", "-c", "exit 126"}, 126},
            {{"sh", "-c", "exit 127"}, 127},
            {{"sh", "-c", "kill -TERM $$"}, -SIGTERM},
            {{"sh", "-c", "kill -KILL $$"}, -SIGKILL},
            {{"echo", "said"}, 0, 0, {}, "said\n"},
            {{"/no/such/program"}, 0, ENOENT},
            {{"no-such-program"}, 0, ENOENT},
            {{"true"}, 0, ENOENT, "/no/such/folder"},
            {{forbidden}, 0, EACCES},
            {{"/"}, 0, EACCES},
            {{no_program}, 0, ENOEXEC},
        };
    }

    /// Starts so many, eight at a time.
    void spawn(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            run_until(8);
            start(cases_[i % cases_.size()]);
        }
        run_until(1);
    }

    std::vector<Case> cases_;
    std::size_t wrong_ = 0;
    std::size_t running_ = 0;
    contract::RealUnit unit_;

private:
    void start(const Case& one) {
        ++running_;
        unit_.loop().subprocess_exec(
            [&] { return std::make_unique<Watching>(one, wrong_, running_); },
            one.command,
            {.cwd = one.cwd},
            [&](const Error* exc, SubprocessTransport) {
                if (exc == nullptr) return;
                if (one.os_errno == 0 || exc->os_errno != one.os_errno) ++wrong_;
                --running_;
            });
    }
    /// Until fewer run.
    void run_until(std::size_t fewer) {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        while (running_ >= fewer) {
            unit_.turn();
            ASSERT_LT(std::chrono::steady_clock::now(), deadline);
        }
        unit_.turn();
    }
};

TEST_F(SpawnLoad, LeavesNoZombieNoDescriptorAndNoWrongExitCode) {
    spawn(100);
    unit_.settle();
    const std::size_t descriptors = open_descriptors(::getpid());
    const std::size_t memory = resident_memory(::getpid());
    spawn(scaled("programs to start", 10'000, 1'000));
    unit_.settle();
    EXPECT_EQ(wrong_, 0U);
    EXPECT_EQ(open_descriptors(::getpid()), descriptors);
    EXPECT_FALSE(has_children()) << "a zombie is left";
    EXPECT_EQ(unit_.unit().connections(), 0U);
    if (!sanitized) {
        EXPECT_LT(resident_memory(::getpid()), memory + 1024 * 1024);
    }
}

}  // namespace
}  // namespace protohost::harness

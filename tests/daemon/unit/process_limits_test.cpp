// SPDX-License-Identifier: MIT
#include "daemon/unit/process_limits.hpp"

#include <cerrno>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/net/relaxed_service.hpp"

namespace protohost::unit {
namespace {

model::SubprocessSpec with(std::vector<model::ProcessLimit> limits) {
    model::SubprocessSpec spec;
    spec.name = "worker";
    spec.process.limits = std::move(limits);
    return spec;
}

const model::Place place{"x.yaml", 3, 7};

/// What is said by a daemon with a hard limit of 64 KiB to lock, root or not. It is asked in a
/// process of its own, for there is no way back.
std::string said(const model::SubprocessSpec& spec, bool root) {
    int pipe[2];
    EXPECT_EQ(::pipe(pipe), 0);
    const pid_t daemon = ::fork();
    if (daemon == 0) {
        const rlimit little{65536, 65536};
        const bool is_so = ::setrlimit(RLIMIT_MEMLOCK, &little) == 0 &&
                           (root || ::geteuid() != 0 || ::setresuid(65534, 65534, 65534) == 0);
        std::string text = is_so ? "" : "cannot be set up";
        for (const base::Error& error : check_limits(spec)) text += base::to_string(error) + "\n";
        const bool told = ::write(pipe[1], text.data(), text.size()) >= 0;
        ::_exit(told ? 0 : 1);
    }
    ::close(pipe[1]);
    std::string text;
    char piece[4096];
    for (ssize_t n = 0; (n = ::read(pipe[0], piece, sizeof piece)) > 0;) {
        text.append(piece, static_cast<std::size_t>(n));
    }
    ::close(pipe[0]);
    int status = -1;
    EXPECT_EQ(::waitpid(daemon, &status, 0), daemon);
    EXPECT_EQ(status, 0);
    return text;
}

TEST(ProcessLimits, AboveTheDaemonsOwnNameTheKeyTheCauseAndTheDropIn) {
    const auto start = [](const char* limit) {
        return std::string("x.yaml:3:7: subprocesses.worker.limits.memlock: ") + limit +
               " is above the daemon's own hard limit (65536), and only CAP_SYS_RESOURCE may raise "
               "it (lower it, or raise the daemon's; " +
               std::string(net::relaxed_service) + ")\n";
    };
    EXPECT_EQ(said(with({{RLIMIT_MEMLOCK, 65537, "memlock", place}}), false), start("65537"));
    constexpr auto unlimited = model::ProcessLimit::unlimited;
    EXPECT_EQ(said(with({{RLIMIT_MEMLOCK, unlimited, "memlock", place}}), false),
              start("unlimited"));
}

TEST(ProcessLimits, OfTheDaemonsOwnAndBelowAreForAnybody) {
    EXPECT_EQ(said(with({{RLIMIT_MEMLOCK, 65536, "memlock", place}, {RLIMIT_CORE, 0, "core", {}}}),
                   false),
              "");
}

TEST(ProcessLimits, AreOfAnySizeWhereTheKernelLetsThem) {
    const model::SubprocessSpec spec =
        with({{RLIMIT_MEMLOCK, model::ProcessLimit::unlimited, "memlock", place}});
    const std::string errors = said(spec, true);
    const pid_t other = ::fork();
    if (other == 0) {
        const rlimit little{65536, 65536};
        const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
        if (::setrlimit(RLIMIT_MEMLOCK, &little) != 0) ::_exit(2);
        ::_exit(::setrlimit(RLIMIT_MEMLOCK, &unlimited) == 0 ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(other, &status, 0), other);
    if (WEXITSTATUS(status) != 0) GTEST_SKIP() << "nobody may raise one here, not even root";
    EXPECT_EQ(errors, "");
}

}  // namespace
}  // namespace protohost::unit

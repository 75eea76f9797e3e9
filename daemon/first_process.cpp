// SPDX-License-Identifier: MIT
#include "daemon/first_process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <sys/wait.h>
#include <unistd.h>

namespace protohost {

namespace {

/// Those that whoever runs a container sends, and those that the daemon knows.
constexpr std::array passed_on{SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2};

/// What it had to say about itself, as a shell would; nullopt: it goes on.
std::optional<int> reap_until(pid_t daemon) {
    std::optional<int> code;
    int status = 0;
    for (pid_t ended = 0; (ended = ::waitpid(-1, &status, WNOHANG)) > 0;) {
        if (ended != daemon) continue;
        code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return code;
}

int look_after(pid_t daemon, const sigset_t& awaited) {
    while (true) {
        const int signal = ::sigwaitinfo(&awaited, nullptr);
        if (signal < 0) continue;
        if (signal != SIGCHLD) {
            ::kill(daemon, signal);
        } else if (const auto code = reap_until(daemon)) {
            return *code;
        }
    }
}

}  // namespace

std::optional<int> run_as_first_process() {
    if (::getpid() != 1) return std::nullopt;
    sigset_t awaited;
    sigset_t before;
    ::sigemptyset(&awaited);
    ::sigaddset(&awaited, SIGCHLD);
    for (const int signal : passed_on) ::sigaddset(&awaited, signal);
    ::sigprocmask(SIG_BLOCK, &awaited, &before);
    const pid_t daemon = ::fork();
    if (daemon < 0) {
        std::fprintf(stderr, "protohostd: cannot start as process 1: %s\n", std::strerror(errno));
        return 1;
    }
    if (daemon > 0) return look_after(daemon, awaited);
    // What a terminal sends to its foreground group would reach the daemon twice.
    ::setpgid(0, 0);
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    return std::nullopt;
}

}  // namespace protohost

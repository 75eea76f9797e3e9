// SPDX-License-Identifier: MIT
#include "daemon/net/orphan_watch.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "daemon/base/counted.hpp"
#include "daemon/base/log.hpp"
#include "daemon/net/process_plan.hpp"
#include "daemon/net/process_tree.hpp"
#include "daemon/net/spawn.hpp"

namespace protohost::net {

namespace {

/// Reads what wakes it: nothing comes, and the end comes when the kernel closes the daemon's end.
void wait_for_the_end(int descriptor) {
    std::array<char, 64> nothing;  // NOLINT(*-member-init)
    for (;;) {
        const ssize_t size = ::read(descriptor, nothing.data(), nothing.size());
        if (size == 0 || (size < 0 && errno != EINTR)) return;
    }
}

ProcessPlan watcher(int life) {
    ProcessPlan plan;
    plan.command = {"protohostd", "--bury-orphans-of", std::to_string(ProcessTree::family())};
    plan.executable = "/proc/self/exe";
    for (char** variable = environ; *variable != nullptr; ++variable) {
        plan.environment.emplace_back(*variable);
    }
    plan.descriptors = {{STDIN_FILENO, life}, {STDERR_FILENO, STDERR_FILENO}};
    // What a terminal sends to everybody in it, or a shell to the whole group, is not for it.
    plan.new_session = true;
    plan.outlives_the_daemon = true;
    return plan;
}

}  // namespace

OrphanWatch::~OrphanWatch() {
    if (watcher_ == nullptr) return;
    life_.close();
    pollfd done{watcher_->handle(), POLLIN, 0};
    ::poll(&done, 1, 2000);
}

void OrphanWatch::begin() {
    if (watcher_ != nullptr && !watcher_->collect()) return;
    std::array<int, 2> ends{-1, -1};
    base::Errors problem;
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        problem = base::failure({}, std::string("cannot open a pipe: ") + std::strerror(errno));
    }
    const base::Descriptor theirs(ends[0]);
    life_ = base::Descriptor(ends[1]);
    watcher_.reset();
    if (problem.empty()) {
        auto started = spawn(watcher(theirs.get()));
        if (started) {
            watcher_ = std::make_unique<ChildProcess>(std::move(*started));
            return;
        }
        problem = started.error();
    }
    if (std::exchange(failed_, true)) return;
    base::Log("supervisor")
        .warn(
            "what subprocesses have started would outlive a daemon that is "
            "killed, for nobody can watch over it: {}",
            base::to_string(problem.front()));
}

int bury_orphans(const char* family) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(family, family + std::strlen(family), number);
    if (error != std::errc{} || *end != '\0') return 2;
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::signal(signal, SIG_IGN);
    wait_for_the_end(STDIN_FILENO);
    const ProcessTree::Killed killed = ProcessTree::kill_family(number);
    if (killed.killed + killed.left == 0) return 0;
    std::fprintf(stderr,
                 "protohostd has gone without its subprocesses: killed %s\n",
                 base::counted(killed.killed, "process", "processes").c_str());
    return killed.left == 0 ? 0 : 1;
}

}  // namespace protohost::net

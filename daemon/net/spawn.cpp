// SPDX-License-Identifier: MIT
#include "daemon/net/spawn.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <sched.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "daemon/net/child_start.hpp"
#include "daemon/net/program_search.hpp"
#include "daemon/net/spawn_error.hpp"

namespace protohost::net {

namespace {

/// As long as one lives, this thread is not interrupted: a handler of ours must not run in a child.
class BlockedSignals {
public:
    BlockedSignals() {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~BlockedSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    BlockedSignals(const BlockedSignals&) = delete;
    BlockedSignals& operator=(const BlockedSignals&) = delete;

private:
    sigset_t before_{};
};

/// What execve takes.
std::vector<const char*> pointers_to(const std::vector<std::string>& texts) {
    std::vector<const char*> pointers;
    pointers.reserve(texts.size() + 1);
    for (const std::string& text : texts) pointers.push_back(text.c_str());
    pointers.push_back(nullptr);
    return pointers;
}

/// A plan as the child reads it.
class Preparation {
public:
    explicit Preparation(const ProcessPlan& plan)
        : candidates_(program_candidates(program_of(plan), plan.environment)),
          programs_(pointers_to(candidates_)),
          arguments_(pointers_to(plan.command)),
          environment_(pointers_to(plan.environment)) {
        for (const auto& [to, from] : plan.descriptors) moves_.push_back({from, to});
        for (const auto& [resource, soft, hard] : plan.limits) {
            limits_.push_back({resource, {soft, hard}});
        }
        start.parent = ::getpid();
        start.new_session = plan.new_session;
        start.controlling_terminal = plan.controlling_terminal;
        start.moves = moves_.data();
        start.move_count = moves_.size();
        start.limits = limits_.data();
        start.limit_count = limits_.size();
        start.set_groups = plan.groups.has_value();
        start.groups = plan.groups ? plan.groups->data() : nullptr;
        start.group_count = plan.groups ? plan.groups->size() : 0;
        start.group = plan.group.value_or(ChildStart::unchanged);
        start.user = plan.user.value_or(ChildStart::unchanged);
        start.outlives_its_parent = plan.outlives_the_daemon;
        start.umask = plan.umask.value_or(ChildStart::unchanged);
        start.directory = plan.directory.empty() ? nullptr : plan.directory.c_str();
        start.programs = programs_.data();
        start.arguments = arguments_.data();
        start.environment = environment_.data();
    }
    Preparation(const Preparation&) = delete;
    Preparation& operator=(const Preparation&) = delete;

    ChildStart start{};

private:
    const std::vector<std::string> candidates_;
    const std::vector<const char*> programs_;
    const std::vector<const char*> arguments_;
    const std::vector<const char*> environment_;
    std::vector<DescriptorMove> moves_;
    std::vector<ResourceLimit> limits_;
};

/// Returns when the child has become its program, or has failed to.
SpawnedProcess run(ChildStart& start) {
    // The child borrows it, while we wait in clone(): with CLONE_VM no page is copied, and with
    // CLONE_VFORK it needs neither stack nor memory of ours any more when that returns.
    alignas(16) std::array<std::byte, 16 * 1024> stack;
    SpawnedProcess started;
    int handle = -1;
    const BlockedSignals quiet;
    started.id = ::clone(start_child,
                         stack.data() + stack.size(),
                         CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD,
                         &start,
                         &handle);
    if (started.id < 0) {
        start.failed_at = StartStep::create;
        start.error = errno;
    }
    started.handle = base::Descriptor(handle);
    return started;
}

}  // namespace

base::Result<SpawnedProcess> spawn(const ProcessPlan& plan) {
    if (std::string fault = fault_in(plan); !fault.empty()) return base::failure({}, fault);
    Preparation prepared(plan);
    SpawnedProcess started = run(prepared.start);
    const ChildStart& start = prepared.start;
    if (start.error == 0) return started;
    if (started.handle) {
        siginfo_t ended{};
        const auto handle = static_cast<id_t>(started.handle.get());
        while (::waitid(P_PIDFD, handle, &ended, WEXITED) != 0 && errno == EINTR) {
        }
    }
    return not_started(plan, start.failed_at, start.error);
}

}  // namespace protohost::net

// SPDX-License-Identifier: MIT
#include "daemon/net/child_start.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// This file runs in a child that shares the memory of the daemon, on a borrowed stack, while the
// daemon's thread waits. So it neither allocates nor locks nor returns, it is compiled without
// sanitizers (CMakeLists.txt), and it makes its system calls as they are: what libc wraps around
// some of them, setuid() first of all, is for the threads of the daemon.

namespace protohost::net {

namespace {

/// What the kernel takes for a set of signals, and for what to do on one.
struct KernelSignals {
    unsigned long bits;
};
struct KernelAction {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)();
    KernelSignals mask;
};
constexpr int last_signal = 64;

[[noreturn]] void leave() {
    while (true) ::syscall(SYS_exit_group, 127);
}

class Child {
public:
    explicit Child(ChildStart& start) : start_(start) {}

    [[noreturn]] void run() {
        reset_signals();
        lead_a_group();
        arrange_descriptors();
        if (const int terminal = start_.controlling_terminal; terminal >= 0) {
            check(StartStep::terminal, ::syscall(SYS_ioctl, terminal, TIOCSCTTY, 0));
        }
        set_limits();
        become_its_user();
        if (start_.directory != nullptr) {
            check(StartStep::directory, ::syscall(SYS_chdir, start_.directory));
        }
        if (!start_.outlives_its_parent) die_with_the_parent();
        const KernelSignals none{0};
        ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, sizeof none);
        execute();
    }

private:
    [[noreturn]] void fail(StartStep step, int error) {
        start_.failed_at = step;
        start_.error = error;
        leave();
    }

    long check(StartStep step, long result) {
        if (result < 0) fail(step, errno);
        return result;
    }

    /// What is ignored stays so in a new program, what is handled does not: and until then a
    /// handler of the daemon's would run in here.
    void reset_signals() {
        const KernelAction by_default{SIG_DFL, 0, nullptr, {0}};
        for (int signal = 1; signal <= last_signal; ++signal) {
            if (signal == SIGKILL || signal == SIGSTOP) continue;
            check(
                StartStep::signals,
                ::syscall(SYS_rt_sigaction, signal, &by_default, nullptr, sizeof by_default.mask));
        }
    }

    void lead_a_group() {
        check(StartStep::process_group,
              start_.new_session ? ::syscall(SYS_setsid) : ::syscall(SYS_setpgid, 0, 0));
    }

    void arrange_descriptors() {
        const int highest = start_.move_count == 0 ? -1 : start_.moves[start_.move_count - 1].to;
        // What stands where another one belongs makes room first.
        for (std::size_t i = 0; i < start_.move_count; ++i) {
            int& from = start_.moves[i].from;
            if (from > highest) continue;
            from = static_cast<int>(
                check(StartStep::descriptors, ::syscall(SYS_fcntl, from, F_DUPFD, highest + 1)));
        }
        int next = 0;
        for (std::size_t i = 0; i < start_.move_count; ++i) {
            const auto [from, to] = start_.moves[i];
            check(StartStep::descriptors, ::syscall(SYS_dup3, from, to, 0));
            if (to > next) close(next, static_cast<unsigned>(to) - 1);
            next = to + 1;
        }
        close(next, ~0U);
    }

    void close(int first, unsigned last) {
        check(StartStep::descriptors, ::syscall(SYS_close_range, first, last, 0));
    }

    void set_limits() {
        for (std::size_t i = 0; i < start_.limit_count; ++i) {
            const ResourceLimit& limit = start_.limits[i];
            check(StartStep::limits,
                  ::syscall(SYS_prlimit64, 0, limit.resource, &limit.limit, nullptr));
        }
        if (start_.umask != ChildStart::unchanged) ::syscall(SYS_umask, start_.umask);
    }

    void become_its_user() {
        const uid_t user = start_.user;
        const gid_t group = start_.group;
        if (start_.set_groups) {
            check(StartStep::groups, ::syscall(SYS_setgroups, start_.group_count, start_.groups));
        }
        if (group != ChildStart::unchanged) {
            check(StartStep::group, ::syscall(SYS_setresgid, group, group, group));
        }
        if (user != ChildStart::unchanged) {
            check(StartStep::user, ::syscall(SYS_setresuid, user, user, user));
        }
    }

    /// Behind the change of user, which forgets it.
    void die_with_the_parent() {
        check(StartStep::parent, ::syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
        if (::syscall(SYS_getppid) != start_.parent) leave();  // it was gone before
    }

    /// As execvp: goes on where there is nothing, and says best what it was not allowed to.
    [[noreturn]] void execute() {
        int error = ENOENT;
        for (const char* const* program = start_.programs; *program != nullptr; ++program) {
            ::syscall(SYS_execve, *program, start_.arguments, start_.environment);
            if (errno == EACCES) error = EACCES;
            if (errno != EACCES && errno != ENOENT && errno != ENOTDIR) {
                fail(StartStep::program, errno);
            }
        }
        fail(StartStep::program, error);
    }

    ChildStart& start_;
};

}  // namespace

int start_child(void* start) {
    Child(*static_cast<ChildStart*>(start)).run();
}

}  // namespace protohost::net

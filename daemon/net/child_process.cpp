// SPDX-License-Identifier: MIT
#include "daemon/net/child_process.hpp"

#include <cerrno>
#include <csignal>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace protohost::net {

namespace {

ProcessExit exit_in(const siginfo_t& ended) {
    using How = ProcessExit::How;
    return {ended.si_code == CLD_EXITED ? How::exited : How::killed, ended.si_status};
}

}  // namespace

ChildProcess::ChildProcess(SpawnedProcess started)
    : id_(started.id), handle_(std::move(started.handle)) {}

ChildProcess::~ChildProcess() {
    if (!collect()) {
        send_signal(SIGKILL);  // it may have left its group
        signal_group(SIGKILL);
        pollfd dying{handle(), POLLIN, 0};
        ::poll(&dying, 1, 1000);
        collect();
    }
    reap();
}

bool ChildProcess::collect() {
    if (exit_) return true;
    siginfo_t ended{};
    const auto handle = static_cast<id_t>(this->handle());
    if (::waitid(P_PIDFD, handle, &ended, WEXITED | WNOHANG | WNOWAIT) != 0) {
        if (errno != ECHILD) return false;
        exit_ = ProcessExit{};
        reaped_ = true;  // by somebody else
    } else if (ended.si_pid != 0) {
        exit_ = exit_in(ended);
    }
    return exit_.has_value();
}

int ChildProcess::send_signal(int signal) {
    if (exit_) return ESRCH;
    // <sys/pidfd.h> of glibc 2.36 cannot be included from C++.
    return ::syscall(SYS_pidfd_send_signal, handle(), signal, nullptr, 0) == 0 ? 0 : errno;
}

int ChildProcess::signal_group(int signal) {
    if (reaped_) return ESRCH;
    return ::kill(-id_, signal) == 0 ? 0 : errno;
}

void ChildProcess::reap() {
    if (!exit_ || std::exchange(reaped_, true)) return;
    siginfo_t ended{};
    ::waitid(P_PIDFD, static_cast<id_t>(handle()), &ended, WEXITED | WNOHANG);
}

}  // namespace protohost::net

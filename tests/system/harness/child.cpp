// SPDX-License-Identifier: MIT
#include "tests/system/harness/child.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <future>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include <gtest/gtest.h>

#include "tests/system/harness/scale.hpp"

namespace protohost::harness {
namespace {

struct Pipe {
    Pipe() {
        std::array<int, 2> ends{-1, -1};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) ADD_FAILURE() << "no pipe";
        reading = base::Descriptor(ends[0]);
        writing = base::Descriptor(ends[1]);
    }
    base::Descriptor reading;
    base::Descriptor writing;
};

/// As a service manager starts it: no signal is ignored or blocked, whoever runs the tests.
void set_signals(posix_spawnattr_t& attributes) {
    sigset_t signals;
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes, &signals);
    for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGUSR1})
        ::sigaddset(&signals, signal);
    ::posix_spawnattr_setsigdefault(&attributes, &signals);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
}

int exit_code(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Child::Child(const std::vector<std::string>& command, const std::vector<int>& passed) {
    std::vector<char*> arguments;
    arguments.reserve(command.size() + 1);
    for (const std::string& argument : command) {
        arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    arguments.push_back(nullptr);

    Pipe in;
    Pipe out;
    Pipe err;
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_adddup2(&files, in.reading.get(), STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&files, out.writing.get(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&files, err.writing.get(), STDERR_FILENO);
    // By way of numbers that none of them is to have.
    const int beyond = 3 + static_cast<int>(passed.size());
    std::vector<base::Descriptor> copies;
    for (const int fd : passed) {
        const int next = 3 + static_cast<int>(copies.size());
        copies.emplace_back(::fcntl(fd, F_DUPFD_CLOEXEC, beyond));
        ::posix_spawn_file_actions_adddup2(&files, copies.back().get(), next);
    }
    set_signals(attributes);
    const int error =
        ::posix_spawnp(&pid_, arguments[0], &files, &attributes, arguments.data(), environ);
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&files);
    if (error != 0) {
        pid_ = -1;
        ADD_FAILURE() << "cannot start " << command[0];
        return;
    }
    process_ = base::Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    input_ = std::move(in.writing);
    output_ = std::move(out.reading);
    errors_ = std::move(err.reading);
}

Child::~Child() {
    if (!running()) return;
    signal(SIGKILL);
    wait();
}

void Child::signal(int number) const {
    if (running()) ::kill(pid_, number);
}

int Child::wait() {
    if (!running()) return code_.value_or(-1);
    pollfd ended{process_.get(), POLLIN, 0};
    const auto timeout = std::chrono::duration_cast<std::chrono::milliseconds>(patience);
    int ready = -1;
    do {
        ready = ::poll(&ended, 1, static_cast<int>(timeout.count()));
    } while (ready < 0 && errno == EINTR);
    if (ready != 1) {
        ADD_FAILURE() << "the process does not end";
        ::kill(pid_, SIGKILL);
    }
    int status = 0;
    ::waitpid(pid_, &status, 0);
    code_ = exit_code(status);
    return *code_;
}

std::string read_all(const base::Descriptor& from) {
    std::string all;
    std::array<char, 16384> buffer;
    while (true) {
        const ssize_t size = ::read(from.get(), buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) return all;
        all.append(buffer.data(), static_cast<std::size_t>(size));
    }
}

Finished run(const std::vector<std::string>& command,
             std::string_view input,
             const std::vector<int>& passed) {
    Child child(command, passed);
    auto output =
        std::async(std::launch::async, [from = child.take_output()] { return read_all(from); });
    auto errors =
        std::async(std::launch::async, [from = child.take_errors()] { return read_all(from); });
    {
        const base::Descriptor to = child.take_input();
        if (!input.empty() && ::write(to.get(), input.data(), input.size()) < 0) {
            ADD_FAILURE() << command[0] << " takes no input";
        }
    }
    const int code = child.wait();
    return {code, output.get(), errors.get()};
}

}  // namespace protohost::harness

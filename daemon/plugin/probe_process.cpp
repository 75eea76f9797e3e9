// SPDX-License-Identifier: MIT
#include "daemon/plugin/probe_process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <string_view>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "daemon/base/descriptor.hpp"
#include "daemon/base/format.hpp"
#include "daemon/plugin/system_message.hpp"

namespace protohost::plugin {
namespace {

using base::Descriptor;
using Clock = std::chrono::steady_clock;

/// More than any plugin can have to say; the rest is read and thrown away.
constexpr std::size_t most_output = 1 << 20;
/// Of what it says to standard error, the end.
constexpr std::size_t most_last_words = 4096;

/// Not among those that the child has as its standard ones, even where the daemon lacks some.
Descriptor above_standard(Descriptor descriptor) {
    if (!descriptor || descriptor.get() > STDERR_FILENO) return descriptor;
    return Descriptor(::fcntl(descriptor.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

/// A file of memory, so that writing never waits for a probe that does not read.
Descriptor file_with(std::string_view text) {
    Descriptor file = above_standard(Descriptor(::memfd_create("probe", MFD_CLOEXEC)));
    while (file && !text.empty()) {
        const ssize_t written = ::write(file.get(), text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return {};
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (file) ::lseek(file.get(), 0, SEEK_SET);
    return file;
}

/// What the probe says on one of its descriptors.
class Pipe {
public:
    /// False: errno says why.
    bool open() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
        ours_ = Descriptor(ends[0]);
        theirs_ = above_standard(Descriptor(ends[1]));
        return theirs_ && ::fcntl(ours_.get(), F_SETFL, O_NONBLOCK) == 0;
    }
    int theirs() const { return theirs_.get(); }
    void close_theirs() { theirs_.close(); }
    /// -1, which poll ignores, at its end.
    int ours() const { return ours_.get(); }

    /// Puts what there is behind `text`, but no more at once than is worth keeping.
    void read_into(std::string& text) {
        std::array<char, 4096> buffer;
        for (std::size_t all = 0; ours_ && all < most_output; all += buffer.size()) {
            const ssize_t got = ::read(ours_.get(), buffer.data(), buffer.size());
            if (got < 0 && errno == EINTR) continue;
            if (got < 0 && errno == EAGAIN) return;
            if (got <= 0) return ours_.close();
            text.append(buffer.data(), static_cast<std::size_t>(got));
        }
    }

private:
    Descriptor ours_;
    Descriptor theirs_;
};

/// What the service manager means for the daemon alone: its sockets, its watchdog, its readiness.
bool is_the_daemons_own(std::string_view variable) {
    return variable.starts_with("NOTIFY_SOCKET=") || variable.starts_with("LISTEN_") ||
           variable.starts_with("WATCHDOG_");
}

/// A process that is running, or has ended and is still to be waited for.
class Process {
public:
    ~Process() {
        if (id_ > 0) end();
    }
    /// 0 or an error number.
    int start(const std::string& program, int input, int output, int errors);
    enum class Happened { something, its_end, nothing, unwanted };
    /// Waits until it says something, ends, `stop` is readable, or `deadline` is reached.
    Happened wait(const Pipe& output, const Pipe& errors, Clock::time_point deadline, int stop);
    /// Kills what is left of its group, and waits for it; its status as waitpid has it.
    int end();

private:
    pid_t id_ = -1;
    Descriptor handle_;
};

int Process::start(const std::string& program, int input, int output, int errors) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
    ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    sigset_t signals;
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes, &signals);
    ::sigfillset(&signals);
    ::posix_spawnattr_setsigdefault(&attributes, &signals);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

    std::vector<char*> environment;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        if (!is_the_daemons_own(*variable)) environment.push_back(*variable);
    }
    environment.push_back(nullptr);
    std::string name = "protohostd";
    std::string option = "--probe";
    std::array<char*, 3> arguments{name.data(), option.data(), nullptr};
    const int error = ::posix_spawn(
        &id_, program.c_str(), &actions, &attributes, arguments.data(), environment.data());
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        id_ = -1;
        return error;
    }
    // <sys/pidfd.h> of glibc 2.36 cannot be included from C++.
    handle_ = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, id_, 0)));
    return handle_ ? 0 : errno;
}

Process::Happened Process::wait(const Pipe& output,
                                const Pipe& errors,
                                Clock::time_point deadline,
                                int stop) {
    std::array<pollfd, 4> polled = {pollfd{handle_.get(), POLLIN, 0},
                                    pollfd{output.ours(), POLLIN, 0},
                                    pollfd{errors.ours(), POLLIN, 0},
                                    pollfd{stop, POLLIN, 0}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    const auto timeout = std::clamp<std::int64_t>(left.count(), 0, 1'000'000);
    const int ready = ::poll(polled.data(), polled.size(), static_cast<int>(timeout));
    if (ready > 0 && polled[0].revents != 0) return Happened::its_end;
    if (ready > 0 && polled[3].revents != 0) return Happened::unwanted;
    return Clock::now() < deadline ? Happened::something : Happened::nothing;
}

int Process::end() {
    // It has not been waited for, so its number is still its own, and its group's.
    ::kill(-id_, SIGKILL);
    ::kill(id_, SIGKILL);
    int status = 0;
    while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
    }
    id_ = -1;
    return status;
}

std::string last_line(std::string_view text) {
    while (text.ends_with('\n')) text.remove_suffix(1);
    const auto newline = text.rfind('\n');
    return std::string(newline == std::string_view::npos ? text : text.substr(newline + 1));
}

base::Errors cannot_start(const std::string& label, int error) {
    return base::failure(
        label, "its probe cannot be started: " + system_message(error), "try again");
}

}  // namespace

base::Result<ProbeEnd> run_probe_process(const std::string& label,
                                         const std::string& program,
                                         const std::string& input,
                                         std::chrono::milliseconds limit,
                                         int stop) {
    const Descriptor request = file_with(input);
    Pipe output;
    Pipe errors;
    if (!request || !output.open() || !errors.open()) return cannot_start(label, errno);
    Process process;
    const auto deadline = Clock::now() + limit;
    if (const int error = process.start(program, request.get(), output.theirs(), errors.theirs());
        error != 0) {
        return cannot_start(label, error);
    }
    output.close_theirs();
    errors.close_theirs();

    ProbeEnd end;
    std::string said;
    const auto listen = [&] {
        output.read_into(end.output);
        end.output.resize(std::min(end.output.size(), most_output));
        errors.read_into(said);
        said.erase(0, said.size() - std::min(said.size(), most_last_words));
    };
    auto happened = Process::Happened::something;
    while (happened == Process::Happened::something) {
        happened = process.wait(output, errors, deadline, stop);
        listen();
    }
    end.timed_out = happened == Process::Happened::nothing;
    end.unwanted = happened == Process::Happened::unwanted;
    const int status = process.end();
    listen();
    end.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    end.last_words = last_line(said);
    return end;
}

}  // namespace protohost::plugin

// SPDX-License-Identifier: MIT
#include "daemon/net/process_tree.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <poll.h>
#include <random>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>
#include <vector>

#include "daemon/base/descriptor.hpp"

// The mark is a value of RLIMIT_RTTIME. It is inherited whatever a process does, everybody may see
// it in /proc/PID/limits, and it limits nothing: it is more than a hundred thousand years of
// processor time, and of threads with real-time scheduling only. A session, a process group and a
// parent are what a daemon changes first; a variable of the environment would be seen by the
// program; and cgroups are not everywhere ours.

namespace protohost::net {

namespace {

constexpr std::uint64_t no_limit_in_practice = std::uint64_t{1} << 62;
constexpr int counter_bits = 20;
constexpr std::uint64_t counter_mask = (std::uint64_t{1} << counter_bits) - 1;
constexpr int random_bits = 40;

std::uint64_t next_mark() {
    static std::atomic<std::uint64_t> counter{0};
    // 0 is for those that are nobody's tree.
    return ProcessTree::family() | (counter++ % counter_mask + 1);
}

/// Marks, by what they have in common.
struct Marks {
    std::uint64_t value;
    std::uint64_t ignored;  ///< bits that may be anything

    bool has(std::uint64_t mark) const { return (mark & ~ignored) == value; }
};

/// Whether a process of ours may have that limit.
bool usable(std::uint64_t mark) {
    rlimit ours{};
    return ::getrlimit(RLIMIT_RTTIME, &ours) == 0 && ours.rlim_max >= mark;
}

void put(std::uint64_t mark, ProcessPlan& plan) {
    if (usable(mark)) plan.limits.push_back({RLIMIT_RTTIME, mark, mark});
}

std::string text_of(const std::string& path) {
    const base::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::string text;
    if (!file) return text;
    std::array<char, 4096> part;  // NOLINT(*-member-init)
    for (;;) {
        const ssize_t size = ::read(file.get(), part.data(), part.size());
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) return text;
        text.append(part.data(), static_cast<std::size_t>(size));
    }
}

/// The same where the kernel does not answer us, as /proc has it.
bool says_one_of(const std::string& limits, const Marks& marks) {
    constexpr std::string_view name = "Max realtime timeout";
    const std::size_t line = limits.find(name);
    if (line == std::string::npos) return false;
    const std::size_t begin = limits.find_first_not_of(' ', line + name.size());
    if (begin == std::string::npos) return false;
    const char* const end = limits.data() + limits.size();
    std::uint64_t mark = 0;
    const auto [stop, problem] = std::from_chars(limits.data() + begin, end, mark);
    return problem == std::errc{} && stop != end && *stop == ' ' && marks.has(mark);
}

bool has_one_of(const std::string& id, const Marks& marks) {
    int number = 0;
    std::from_chars(id.data(), id.data() + id.size(), number);
    // More than ten times as fast as the file, but of our own account only, unless we are root.
    rlimit limit{};
    if (::prlimit(number, RLIMIT_RTTIME, nullptr, &limit) == 0) return marks.has(limit.rlim_cur);
    return errno == EPERM && says_one_of(text_of("/proc/" + id + "/limits"), marks);
}

/// One that has ended, and waits to be asked how, is not alive.
bool is_alive(const std::string& stat) {
    const std::size_t name_end = stat.rfind(')');
    if (name_end == std::string::npos || name_end + 2 >= stat.size()) return false;
    const char state = stat[name_end + 2];
    return state != 'Z' && state != 'X';
}

bool belongs(const std::string& id, const Marks& marks) {
    return has_one_of(id, marks) && is_alive(text_of("/proc/" + id + "/stat"));
}

/// Numbers of processes, as /proc has them.
std::vector<std::string> all_processes() {
    std::vector<std::string> ids;
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc"), ::closedir);
    if (folder == nullptr) return ids;
    while (const dirent* const entry = ::readdir(folder.get())) {  // NOLINT(concurrency-mt-unsafe)
        const std::string_view name = static_cast<const char*>(entry->d_name);
        if (name.find_first_not_of("0123456789") == std::string_view::npos) ids.emplace_back(name);
    }
    return ids;
}

/// Handles of all who have one of the marks.
std::vector<base::Descriptor> members(const Marks& marks) {
    std::vector<base::Descriptor> found;
    for (const std::string& id : all_processes()) {
        if (!belongs(id, marks)) continue;
        int number = 0;
        std::from_chars(id.data(), id.data() + id.size(), number);
        base::Descriptor handle(static_cast<int>(::syscall(SYS_pidfd_open, number, 0)));
        // Between the two the number may have become somebody else's.
        if (handle && belongs(id, marks)) found.push_back(std::move(handle));
    }
    return found;
}

using Clock = std::chrono::steady_clock;

void wait_for(const base::Descriptor& handle, Clock::time_point deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd event{handle.get(), POLLIN, 0};
    ::poll(&event, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0);
}

ProcessTree::Killed kill_all(const Marks& marks) {
    ProcessTree::Killed done;
    if (!usable(marks.value)) return done;
    const auto deadline = Clock::now() + std::chrono::seconds(1);
    for (;;) {
        const auto living = members(marks);
        if (living.empty()) return done;
        if (Clock::now() > deadline) {
            done.left = living.size();
            return done;
        }
        for (const base::Descriptor& each : living) {
            if (::syscall(SYS_pidfd_send_signal, each.get(), SIGKILL, nullptr, 0) == 0) {
                ++done.killed;
            }
        }
        for (const base::Descriptor& each : living) wait_for(each, deadline);
    }
}

}  // namespace

ProcessTree::ProcessTree() : mark_(next_mark()) {}

void ProcessTree::mark(ProcessPlan& plan) const {
    put(mark_, plan);
}

ProcessTree::Killed ProcessTree::kill() const {
    return kill_all({mark_, 0});
}

std::uint64_t ProcessTree::family() {
    static const std::uint64_t ours = [] {
        std::random_device random;
        const std::uint64_t value = (std::uint64_t{random()} << 32) | random();
        return (value & ((std::uint64_t{1} << random_bits) - 1)) << counter_bits;
    }();
    return no_limit_in_practice | ours;
}

void ProcessTree::mark_as_family(ProcessPlan& plan) {
    put(family(), plan);
}

ProcessTree::Killed ProcessTree::kill_family(std::uint64_t family) {
    return kill_all({family, counter_mask});
}

}  // namespace protohost::net

// SPDX-License-Identifier: MIT
#include "daemon/net/folder_watch.hpp"

#include <array>
#include <deque>
#include <filesystem>
#include <sys/inotify.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace protohost::net {

namespace {

namespace fs = std::filesystem;

/// As many as the kernel follows.
constexpr int most_links = 40;

// Not that a file was opened or read: reading the files ourselves must not be news.
constexpr std::uint32_t news = IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE |
                               IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;

/// Puts the names of `path` before those that are still to go.
void go_first(const fs::path& path, std::deque<fs::path>& names) {
    const std::vector<fs::path> all(path.begin(), path.end());
    for (auto name = all.rbegin(); name != all.rend(); ++name) {
        if (!name->empty() && *name != "." && *name != "/") names.push_front(*name);
    }
}

}  // namespace

std::set<std::string> folders_on_the_way_to(const std::string& file) {
    std::set<std::string> folders;
    std::deque<fs::path> names;
    go_first(file, names);
    fs::path at = "/";
    for (int links = 0; !names.empty() && links < most_links;) {
        const fs::path name = std::move(names.front());
        names.pop_front();
        const fs::path next = name == ".." ? at.parent_path() : at / name;
        std::error_code error;
        const fs::file_type type = fs::symlink_status(next, error).type();
        if (type == fs::file_type::symlink) {
            ++links;
            folders.insert(at);
            const fs::path target = fs::read_symlink(next, error);
            if (target.is_absolute()) at = "/";
            go_first(target, names);
            continue;
        }
        // What is not there yet will come into this folder.
        const bool missing = type == fs::file_type::not_found;
        if (names.empty() || missing) folders.insert(at);
        if (missing) break;
        at = next;
    }
    return folders;
}

FolderWatch::FolderWatch(Loop& loop, std::function<void()> changed)
    : loop_(loop),
      changed_(std::move(changed)),
      inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    if (inotify_) loop_.set().change(inotify_.get(), 0, EPOLLIN, *this);
}

FolderWatch::~FolderWatch() {
    if (inotify_) loop_.set().change(inotify_.get(), EPOLLIN, 0, *this);
}

std::set<std::string> FolderWatch::watch(const std::set<std::string>& folders) {
    std::set<std::string> missing;
    std::map<std::string, int> wanted;
    std::set<int> numbers;
    for (const std::string& folder : folders) {
        // The same number where it is watched already, and another one where it is another folder.
        const int number = ::inotify_add_watch(inotify_.get(), folder.c_str(), news | IN_ONLYDIR);
        if (number < 0) {
            missing.insert(folder);
        } else {
            wanted.emplace(folder, number);
            numbers.insert(number);
        }
    }
    for (const auto& entry : watched_) {
        if (!numbers.contains(entry.second)) ::inotify_rm_watch(inotify_.get(), entry.second);
    }
    watched_ = std::move(wanted);
    return missing;
}

void FolderWatch::on_events(std::uint32_t) {
    // What it says in detail does not matter: the files are compared.
    alignas(inotify_event) std::array<char, 16 * 1024> events;
    while (::read(inotify_.get(), events.data(), events.size()) > 0) {
    }
    changed_();
}

}  // namespace protohost::net

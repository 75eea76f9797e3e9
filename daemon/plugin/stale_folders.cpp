// SPDX-License-Identifier: MIT
#include "daemon/plugin/stale_folders.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <vector>

#include "daemon/base/descriptor.hpp"

namespace protohost::plugin {
namespace {

namespace fs = std::filesystem;

/// A folder of this user that no living process holds.
bool is_stale(const fs::path& folder) {
    struct stat status {};
    if (::lstat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return false;
    if (status.st_uid != ::geteuid()) return false;
    const fs::path file = folder / staging_lock;
    const base::Descriptor lock(::open(file.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
    // Without a lock file its process died before it made one.
    if (!lock) return errno == ENOENT;
    return ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0;
}

}  // namespace

void remove_folder(const std::string& path) {
    std::error_code ignored;
    fs::remove_all(path, ignored);
}

void remove_stale_folders(const std::string& state_directory) {
    std::vector<fs::path> stale;
    std::error_code error;
    fs::directory_iterator entry(state_directory, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
        const fs::path folder = entry->path();
        const std::string name = folder.filename().string();
        if (name.starts_with(staging_prefix) && is_stale(folder)) stale.push_back(folder);
    }
    for (const fs::path& folder : stale) remove_folder(folder.string());
}

}  // namespace protohost::plugin

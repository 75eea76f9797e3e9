// SPDX-License-Identifier: MIT
#include "daemon/plugin/trusted_file.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/plugin/system_message.hpp"

namespace protohost::plugin {
namespace {

/// Far above any plugin; a sparse file of terabytes must not be read into memory.
constexpr std::uint64_t largest = std::uint64_t{1} << 30;

bool is_trusted(uid_t owner, std::span<const uid_t> owners) {
    return owner == 0 || owner == ::geteuid() ||
           std::find(owners.begin(), owners.end(), owner) != owners.end();
}

/// "root" or "root or uid 1000".
std::string trusted_owner() {
    return ::geteuid() == 0 ? "root" : base::format("root or uid {}", ::geteuid());
}

/// Of the file ("") or its folder ("its folder /x "), whose path is for the remedy.
base::Errors check_owner_and_mode(const std::string& label,
                                  const std::string& subject,
                                  const std::string& path,
                                  const struct stat& status,
                                  std::span<const uid_t> owners) {
    base::Errors errors;
    if (!is_trusted(status.st_uid, owners)) {
        errors.push_back(
            {label,
             base::format(
                 "{}is owned by uid {}, not by {}", subject, status.st_uid, trusted_owner()),
             base::format("chown root {}", path)});
    }
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        errors.push_back({label,
                          base::format("{}can be written by others than its owner (mode {:04o})",
                                       subject,
                                       status.st_mode & 07777),
                          base::format("chmod go-w {}", path)});
    }
    return errors;
}

std::int64_t nanoseconds(const timespec& time) {
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

FileStamp stamp_of(const struct stat& status, std::int64_t now) {
    constexpr std::int64_t coarsest = 2'000'000'000;
    FileStamp stamp;
    stamp.device = status.st_dev;
    stamp.inode = status.st_ino;
    stamp.size = static_cast<std::uint64_t>(status.st_size);
    stamp.modified = nanoseconds(status.st_mtim);
    stamp.changed = nanoseconds(status.st_ctim);
    stamp.settled = stamp.changed + coarsest < now;
    return stamp;
}

}  // namespace

bool is_unchanged(const FileStamp& before, const FileStamp& now) {
    FileStamp settled = now;
    settled.settled = true;
    return before == settled;
}

base::Result<TrustedFile> TrustedFile::open(const std::string& path,
                                            std::span<const uid_t> owners) {
    std::error_code error;
    const std::filesystem::path resolved = std::filesystem::canonical(path, error);
    if (error == std::errc::no_such_file_or_directory) {
        return base::failure(path, "no such file");
    }
    if (error) return base::failure(path, "cannot be found: " + system_message(error));

    const std::string folder = resolved.parent_path().string();
    const base::Descriptor directory(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    // Non-blocking, so that a fifo in the plugin's place cannot hang the daemon.
    base::Descriptor file(directory ? ::openat(directory.get(),
                                               resolved.filename().c_str(),
                                               O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
                                    : -1);
    if (!file) return base::failure(path, "cannot be opened: " + system_message(errno));

    // Looked at before the file is: what changes from now on has a later time.
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    struct stat status {};
    struct stat folder_status {};
    if (::fstat(file.get(), &status) != 0 || ::fstat(directory.get(), &folder_status) != 0) {
        return base::failure(path, "cannot be examined: " + system_message(errno));
    }
    if (!S_ISREG(status.st_mode)) return base::failure(path, "not a regular file");
    base::Errors errors = check_owner_and_mode(path, "", resolved.string(), status, owners);
    base::append(errors,
                 check_owner_and_mode(
                     path, base::format("its folder {} ", folder), folder, folder_status, owners));
    if (!errors.empty()) return errors;
    return TrustedFile(path, std::move(file), stamp_of(status, nanoseconds(now)));
}

TrustedFile::TrustedFile(std::string path, base::Descriptor file, const FileStamp& stamp)
    : path_(std::move(path)), file_(std::move(file)), stamp_(stamp) {}

base::Result<std::vector<std::byte>> TrustedFile::read() {
    if (stamp_.size > largest) return base::failure(path_, "larger than 1 GiB");
    std::vector<std::byte> bytes(stamp_.size);
    std::size_t filled = 0;
    while (filled < bytes.size()) {
        const ssize_t got = ::read(file_.get(), bytes.data() + filled, bytes.size() - filled);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return base::failure(path_, "cannot be read: " + system_message(errno));
        if (got == 0) break;
        filled += static_cast<std::size_t>(got);
    }
    struct stat after {};
    const bool same = ::fstat(file_.get(), &after) == 0 && filled == bytes.size() &&
                      static_cast<std::uint64_t>(after.st_size) == stamp_.size &&
                      nanoseconds(after.st_mtim) == stamp_.modified;
    if (!same) {
        return base::failure(path_,
                             "was written to while it was read",
                             "replace a plugin by install or mv, then try again");
    }
    return bytes;
}

}  // namespace protohost::plugin

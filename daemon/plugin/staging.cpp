// SPDX-License-Identifier: MIT
#include "daemon/plugin/staging.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <span>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/plugin/stale_folders.hpp"
#include "daemon/plugin/system_message.hpp"

namespace protohost::plugin {
namespace {

const std::string elsewhere = "set state.directory to another folder";

/// An error about the state directory, for which there is always the same way out.
base::Errors state_failure(const std::string& directory, std::string what) {
    return base::failure("state directory " + directory, std::move(what), elsewhere);
}

base::Errors system_failure(const std::string& directory, const char* what, int number) {
    return state_failure(directory, base::format("{}: {}", what, system_message(number)));
}

/// mkdir -p; parents as they usually are, the directory itself for its owner alone. 0 or errno.
int make_directories(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return 0;
    const auto slash = path.find_last_of('/');
    if (errno != ENOENT || slash == std::string::npos || slash == 0) return errno;
    const std::string parent = path.substr(0, slash);
    if (::mkdir(parent.c_str(), 0755) != 0 && errno != EEXIST) {
        if (const int error = make_directories(parent); error != 0) return error;
    }
    return ::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST ? 0 : errno;
}

/// Code is loaded from here, so nobody else may rename things in it; a sticky one like /tmp will
/// do.
base::Errors check_state_directory(const std::string& directory) {
    struct stat status {};
    if (::stat(directory.c_str(), &status) != 0) {
        return system_failure(directory, "cannot be examined", errno);
    }
    if (!S_ISDIR(status.st_mode)) return state_failure(directory, "is not a directory");
    const bool writable = (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
    if (writable && (status.st_mode & S_ISVTX) == 0) {
        return base::failure("state directory " + directory,
                             base::format("can be written by others than its owner (mode {:04o})",
                                          status.st_mode & 07777),
                             base::format("chmod go-w {}", directory));
    }
    if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
        return state_failure(directory, base::format("is owned by uid {}", status.st_uid));
    }
    struct statvfs filesystem {};
    if (::statvfs(directory.c_str(), &filesystem) == 0 && (filesystem.f_flag & ST_NOEXEC) != 0) {
        return base::failure(
            "state directory " + directory,
            "is on a filesystem mounted noexec, from which no plugin can be loaded",
            "set state.directory to a folder on another filesystem");
    }
    return {};
}

/// A locked file; the lock goes with the descriptor, however the process ends.
base::Descriptor open_locked(const std::string& path) {
    base::Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    while (file && ::flock(file.get(), LOCK_EX) != 0) {
        if (errno != EINTR) return {};
    }
    return file;
}

/// 0 or errno.
int write_file(const std::string& path, std::span<const std::byte> bytes) {
    const base::Descriptor file(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0500));
    if (!file) return errno;
    while (!bytes.empty()) {
        const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return 0;
}

}  // namespace

base::Result<std::unique_ptr<StagingDirectory>> StagingDirectory::create(
    const std::string& state_directory, std::vector<uid_t> trusted_owners) {
    if (const int number = make_directories(state_directory); number != 0) {
        return system_failure(state_directory, "cannot be created", number);
    }
    if (auto errors = check_state_directory(state_directory); !errors.empty()) return errors;

    // Absolute, or the loader would look for the copies in whatever the working directory is then.
    std::error_code error;
    const std::string root = std::filesystem::canonical(state_directory, error).string();
    if (error) return system_failure(state_directory, "cannot be found", error.value());

    // Held until the new folder is locked, so that no other process takes it for a dead one.
    const base::Descriptor state_lock = open_locked(root + "/lock");
    if (!state_lock) return system_failure(state_directory, "cannot be written", errno);
    remove_stale_folders(root);
    return create_in(root, std::move(trusted_owners));
}

base::Result<std::unique_ptr<StagingDirectory>> StagingDirectory::create_throw_away(
    std::vector<uid_t> trusted_owners) {
    std::error_code error;
    const std::filesystem::path temporary = std::filesystem::temp_directory_path(error);
    const std::string root = error ? "/tmp" : temporary.string();
    if (auto errors = check_state_directory(root); !errors.empty()) {
        for (auto& found : errors) {
            found.where = "temporary directory " + root;
            found.hint = "set TMPDIR to another folder";
        }
        return errors;
    }
    return create_in(root, std::move(trusted_owners));
}

base::Result<std::unique_ptr<StagingDirectory>> StagingDirectory::create_in(
    const std::string& root, std::vector<uid_t> trusted_owners) {
    std::string path = root + "/" + std::string(staging_prefix) + "XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) {
        return system_failure(root, "cannot be written", errno);
    }
    base::Descriptor lock = open_locked(path + "/" + std::string(staging_lock));
    if (!lock) {
        const int number = errno;
        remove_folder(path);
        return system_failure(root, "cannot be written", number);
    }
    return std::unique_ptr<StagingDirectory>(
        new StagingDirectory(std::move(path), std::move(lock), std::move(trusted_owners)));
}

StagingDirectory::StagingDirectory(std::string path,
                                   base::Descriptor lock,
                                   std::vector<uid_t> trusted_owners)
    : path_(std::move(path)), lock_(std::move(lock)), trusted_owners_(std::move(trusted_owners)) {}

StagingDirectory::~StagingDirectory() {
    remove_folder(path_);
}

int StagingDirectory::give_to(uid_t user, gid_t group) const {
    const std::string state = path_.substr(0, path_.rfind('/'));
    struct stat status {};
    if (::stat(state.c_str(), &status) != 0) return errno;
    // From the inside out: once a folder is somebody else's, root without CAP_DAC_OVERRIDE, as it
    // is in a service, does not get to what is in it.
    std::vector<std::string> all;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(path_, error)) {
        all.push_back(entry.path());
    }
    if (error) return error.value();
    all.push_back(path_);
    if ((status.st_mode & S_ISVTX) == 0) all.insert(all.end(), {state + "/lock", state});
    for (const std::string& each : all) {
        if (::lchown(each.c_str(), user, group) != 0 && errno != ENOENT) return errno;
    }
    return 0;
}

StagedCopy::~StagedCopy() {
    if (!kept_) ::unlink(path_.c_str());
}

base::Result<StagedPlugin> StagingDirectory::stage(const std::string& source) {
    const auto file = read_plugin_file(source, trusted_owners_);
    if (!file) return file.error();
    return stage(*file);
}

base::Result<StagedPlugin> StagingDirectory::stage(const PluginFile& file) {
    auto identity = identify(file.source, file.bytes);
    if (!identity) return identity.error();
    auto hygiene = check_hygiene(file.source, *identity, file.bytes);
    if (!hygiene) return hygiene.error();

    StagedPlugin staged;
    staged.identity = std::move(*identity);
    staged.contents = file.contents;
    staged.hygiene = std::move(*hygiene);
    staged.generation = ++generations_;
    staged.source = file.source;
    std::string name = base::format("{}.g{}", staged.identity.name, staged.generation);
    if (!staged.identity.build_id.empty()) name += "." + staged.identity.build_id.substr(0, 16);
    staged.path = base::format("{}/{}.so", path_, name);
    staged.copy = std::make_shared<StagedCopy>(staged.path);
    if (const int error = write_file(staged.path, file.bytes); error != 0) {
        return base::failure(
            file.source,
            base::format("cannot be copied to {}: {}", staged.path, system_message(error)),
            elsewhere);
    }
    return staged;
}

base::Result<StagedPlugin> StagingDirectory::restage(const StagedPlugin& earlier) {
    // Nobody but this user can have written to it, and he has no reason to.
    auto file = read_plugin_file(earlier.path, {});
    if (!file) return file.error();
    if (file->contents.sha256 != earlier.contents.sha256) {
        return base::failure(earlier.path, "is no longer the copy that was made");
    }
    file->source = earlier.source;
    file->contents = earlier.contents;
    return stage(*file);
}

}  // namespace protohost::plugin

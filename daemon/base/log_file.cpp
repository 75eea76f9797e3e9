// SPDX-License-Identifier: MIT
#include "daemon/base/log_file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace protohost::base {
namespace {

constexpr int appending = O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
constexpr mode_t mode = 0640;

std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

std::string remedy(const std::string& path, int os_errno) {
    switch (os_errno) {
        case ENOENT:
        case ENOTDIR:
            return "make the folder " + folder_of(path) +
                   ", for example with LogsDirectory= of the service";
        case EACCES:
        case EPERM:
        case EROFS:
            return "let the daemon's user write there, for example with LogsDirectory= or "
                   "ReadWritePaths= of the service";
        default:
            return {};
    }
}

Errors cannot_open(const std::string& path, const std::string& where, int os_errno) {
    return failure(where,
                   "cannot append to " + path + ": " + std::strerror(os_errno),
                   remedy(path, os_errno),
                   os_errno);
}

struct Opened {
    Descriptor file;
    bool made = false;
    int os_errno = 0;
};

Opened open_or_make(const std::string& path) {
    Opened opened{Descriptor(::open(path.c_str(), appending))};
    if (!opened.file && errno == ENOENT) {
        opened.file = Descriptor(::open(path.c_str(), appending | O_CREAT, mode));
        opened.made = static_cast<bool>(opened.file);
    }
    if (!opened.file) opened.os_errno = errno;
    return opened;
}

Errors check_kind(const Descriptor& file, const std::string& path, const std::string& where) {
    struct stat facts {};
    if (::fstat(file.get(), &facts) == 0 && S_ISREG(facts.st_mode)) return {};
    return failure(where, path + " is no regular file", "name one, or one that is yet to be made");
}

}  // namespace

LogFile::LogFile(std::string path, Descriptor file, bool made)
    : path_(std::move(path)), file_(std::move(file)), made_(made) {}

LogFile::~LogFile() {
    if (made_) ::unlink(path_.c_str());
}

Result<std::unique_ptr<LogFile>> LogFile::open(std::string path, const std::string& where) {
    Opened opened = open_or_make(path);
    if (!opened.file) return cannot_open(path, where, opened.os_errno);
    if (auto errors = check_kind(opened.file, path, where); !errors.empty()) return errors;
    return std::unique_ptr<LogFile>(
        new LogFile(std::move(path), std::move(opened.file), opened.made));
}

Errors LogFile::rehearse(const std::string& path, const std::string& where) {
    const Descriptor file(::open(path.c_str(), appending));
    if (file) return check_kind(file, path, where);
    if (errno != ENOENT) return cannot_open(path, where, errno);
    // access() would ask for whoever has started this process.
    const bool makes = ::faccessat(AT_FDCWD, folder_of(path).c_str(), W_OK | X_OK, AT_EACCESS) == 0;
    return makes ? Errors() : cannot_open(path, where, errno);
}

Errors LogFile::reopen() {
    Opened opened = open_or_make(path_);
    if (!opened.file) return cannot_open(path_, {}, opened.os_errno);
    if (auto errors = check_kind(opened.file, path_, {}); !errors.empty()) return errors;
    file_ = std::move(opened.file);
    torn_ = false;
    return {};
}

int LogFile::append(std::string_view line) {
    if (torn_) {
        if (const int error = write("\n"); error != 0) return error;
        torn_ = false;
    }
    return write(line);
}

int LogFile::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
        if (written < 0) {
            if (errno == EINTR) continue;
            return errno;
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
        torn_ = !bytes.empty();
    }
    return 0;
}

}  // namespace protohost::base

// SPDX-License-Identifier: MIT
#include "daemon/net/socket_file.hpp"

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <grp.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/net/socket_address.hpp"
#include "daemon/net/socket_options.hpp"

namespace protohost::net {

namespace {

std::string lock_path(const std::string& path) {
    return path + ".lock";
}

base::Errors refused(const std::string& where,
                     const std::string& what,
                     const std::string& hint = {},
                     int os_errno = 0) {
    return base::failure(where, what, hint, os_errno);
}

base::Errors refused_errno(const std::string& where, const std::string& what) {
    const int error = errno;
    return base::failure(where, what + ": " + std::strerror(error), {}, error);
}

/// Why there is no lock file, which is made where the socket is to be.
base::Errors cannot_lock(const std::string& path, const std::string& where) {
    const int error = errno;
    const std::string folder = std::filesystem::path(path).parent_path();
    if (error == ENOENT) {
        return refused(where,
                       base::format("the folder {} of {} does not exist", folder, path),
                       "make it, or choose another path",
                       error);
    }
    return refused(where,
                   base::format("cannot make {}: {}", lock_path(path), std::strerror(error)),
                   error == EACCES
                       ? base::format("whoever runs the daemon must be able to write to {}", folder)
                       : "",
                   error);
}

/// As chown does: what is no name may be a number, also one that no account has.
bool is_number(const std::string& text, std::uint32_t& id) {
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, id);
    return error == std::errc() && stop == end && id != static_cast<std::uint32_t>(-1);
}

/// The lock lives in a file of its own, which its holder removes: what was locked must still be
/// what has the name.
base::Result<base::Descriptor> lock(const std::string& path, const std::string& where) {
    const std::string name = lock_path(path);
    while (true) {
        base::Descriptor file(
            ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (!file) return cannot_lock(path, where);
        if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
            if (errno != EWOULDBLOCK) return refused_errno(where, "cannot lock " + name);
            return refused(
                where,
                base::format("{} is served by another process, which holds {}", path, name),
                "one path has one server; find it with ss -xlp",
                EADDRINUSE);
        }
        struct stat ours {};
        struct stat named {};
        const bool same = ::fstat(file.get(), &ours) == 0 && ::stat(name.c_str(), &named) == 0 &&
                          ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
        if (same) return file;
    }
}

/// Whether somebody would answer at the path: a full queue is an answer too.
bool is_live(const SocketAddress& address, int type) {
    const base::Descriptor probe(::socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (::connect(probe.get(), address.data(), address.size()) == 0) return true;
    return errno != ECONNREFUSED && errno != ENOENT;
}

}  // namespace

base::Result<std::unique_ptr<SocketFile>> SocketFile::claim(const std::string& path,
                                                            int type,
                                                            const std::string& where) {
    auto locked = lock(path, where);
    if (!locked) return locked.error();
    std::unique_ptr<SocketFile> claimed(new SocketFile(path, std::move(*locked)));

    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0) {
        if (errno == ENOENT) return claimed;
        return refused_errno(where, "cannot look at " + path);
    }
    if (!S_ISSOCK(found.st_mode)) {
        return refused(where,
                       path + " is there already, and is no socket",
                       "remove it, or choose another path",
                       EADDRINUSE);
    }
    model::Address address;
    address.kind = model::Address::Kind::unix_path;
    address.path = path;
    const auto at = SocketAddress::of_unix(address);
    if (!at) return at.error();
    if (is_live(*at, type)) {
        return refused(where,
                       path + " is served by another process",
                       "one path has one server; find it with ss -xlp",
                       EADDRINUSE);
    }
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        return refused_errno(where, "cannot replace " + path + ", which nobody serves");
    }
    return claimed;
}

base::Errors SocketFile::bound(const model::SocketSettings& settings, const std::string& where) {
    struct stat made {};
    if (::lstat(path_.c_str(), &made) != 0) return refused_errno(where, "cannot look at " + path_);
    device_ = made.st_dev;
    inode_ = made.st_ino;

    const auto at_key = [&](const char* key, std::string cause, int os_errno) {
        return at_its_key(
            {std::string("socket.") + key, os_errno, std::move(cause)}, settings, where);
    };
    const auto at_key_errno = [&](const char* key, const std::string& cause) {
        const int error = errno;
        return at_key(key, cause + ": " + std::strerror(error), error);
    };
    uid_t owner = static_cast<uid_t>(-1);
    gid_t group = static_cast<gid_t>(-1);
    if (settings.owner) {
        const passwd* const user = ::getpwnam(settings.owner->c_str());
        if (user != nullptr) {
            owner = user->pw_uid;
        } else if (!is_number(*settings.owner, owner)) {
            return at_key("owner", "there is no user " + *settings.owner, 0);
        }
    }
    if (settings.group) {
        const ::group* const entry = ::getgrnam(settings.group->c_str());
        if (entry != nullptr) {
            group = entry->gr_gid;
        } else if (!is_number(*settings.group, group)) {
            return at_key("group", "there is no group " + *settings.group, 0);
        }
    }
    if ((settings.owner || settings.group) && ::lchown(path_.c_str(), owner, group) != 0) {
        return at_key_errno(settings.owner ? "owner" : "group", "cannot give " + path_ + " away");
    }
    // No link is followed: in a folder that others may write to it would lead anywhere.
    if (settings.mode &&
        ::fchmodat(AT_FDCWD, path_.c_str(), *settings.mode, AT_SYMLINK_NOFOLLOW) != 0) {
        return at_key_errno("mode", "cannot change " + path_);
    }
    return {};
}

SocketFile::~SocketFile() {
    struct stat now {};
    const bool ours = inode_ != 0 && ::lstat(path_.c_str(), &now) == 0 && now.st_ino == inode_ &&
                      now.st_dev == device_;
    if (ours) ::unlink(path_.c_str());
    // While it is still locked: whoever waits for it finds out that it lost its name.
    ::unlink(lock_path(path_).c_str());
}

}  // namespace protohost::net

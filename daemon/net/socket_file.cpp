// SPDX-License-Identifier: MIT
#include "daemon/net/socket_file.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/net/account.hpp"
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

/// As chown has it.
constexpr std::uint32_t unchanged = static_cast<std::uint32_t>(-1);

base::Errors at_key(const char* key,
                    const std::string& cause,
                    int os_errno,
                    const model::SocketSettings& settings,
                    const std::string& where) {
    const std::string text = cause + ": " + std::strerror(os_errno);
    return at_its_key({std::string("socket.") + key, os_errno, text}, settings, where);
}

base::Errors at_owner(const model::SocketSettings& settings,
                      const std::string& where,
                      const std::string& cause) {
    return at_key(settings.owner ? "owner" : "group", cause, errno, settings, where);
}

/// umask() would have to change it, for all threads, to tell it.
mode_t creation_mask() {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        unsigned mask = 0;
        if (word == "Umask:" && status >> std::oct >> mask) return mask;
    }
    return 022;
}

gid_t group_of_new_file(const std::string& path) {
    struct stat folder {};
    const std::string parent = std::filesystem::path(path).parent_path();
    const bool given = ::stat(parent.c_str(), &folder) == 0 && (folder.st_mode & S_ISGID) != 0;
    return given ? folder.st_gid : ::getegid();
}

}  // namespace

base::Errors look_up_accounts(model::SocketSettings& settings, const std::string& where) {
    base::Errors errors;
    // As chown does: what is no name may be a number, also one that no account has.
    const auto find =
        [&](const char* key, const char* kind, const auto& name, auto by_name, auto& id) {
            if (!name || id) return;
            const auto found = by_name(*name);
            const auto number = account_number(*name);
            if (found) {
                id = *found;
            } else if (number) {
                id = *number;
            } else {
                const int error = found.error().front().os_errno;
                std::string cause = base::format("there is no {} {}", kind, *name);
                if (error != 0) cause += ": " + std::string(std::strerror(error));
                base::append(
                    errors,
                    at_its_key(
                        {std::string("socket.") + key, error, std::move(cause)}, settings, where));
            }
        };
    find("owner", "user", settings.owner, user_named, settings.uid);
    find("group", "group", settings.group, group_named, settings.gid);
    return errors;
}

base::Errors rehearse_ownership(const model::SocketSettings& settings, const std::string& where) {
    if (!settings.uid && !settings.gid) return {};
    const base::Descriptor file(::memfd_create("protohost-ownership", MFD_CLOEXEC));
    const int given =
        ::fchown(file.get(), settings.uid.value_or(unchanged), settings.gid.value_or(unchanged));
    return given == 0 ? base::Errors() : at_owner(settings, where, "cannot give the socket away");
}

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

base::Result<std::unique_ptr<SocketFile>> SocketFile::take_back(const std::string& path,
                                                                FileIdentity made,
                                                                const std::string& where) {
    struct stat found {};
    const bool is_that_one = made.inode != 0 && ::lstat(path.c_str(), &found) == 0 &&
                             FileIdentity{found.st_dev, found.st_ino} == made;
    if (!is_that_one) return std::unique_ptr<SocketFile>();
    auto locked = lock(path, where);
    if (!locked) return locked.error();
    std::unique_ptr<SocketFile> taken(new SocketFile(path, std::move(*locked)));
    taken->left_ = true;
    return taken;
}

base::Errors SocketFile::bound(const model::SocketSettings& settings, const std::string& where) {
    struct stat made {};
    if (::lstat(path_.c_str(), &made) != 0) return refused_errno(where, "cannot look at " + path_);
    made_ = {made.st_dev, made.st_ino};
    return give(settings, where);
}

base::Errors SocketFile::retune(const model::SocketSettings& settings,
                                const model::SocketSettings& former) {
    if (!is_ours()) {
        return base::failure(path_, "is another file by now", "start the unit anew");
    }
    model::SocketSettings wanted = settings;
    if (!wanted.mode && former.mode) wanted.mode = 0777 & ~creation_mask();
    if (!wanted.owner && former.owner) wanted.uid = ::geteuid();
    if (!wanted.group && former.group) wanted.gid = group_of_new_file(path_);
    return give(wanted, {});
}

base::Errors SocketFile::give(const model::SocketSettings& settings,
                              const std::string& where) const {
    model::SocketSettings known = settings;
    if (auto errors = look_up_accounts(known, where); !errors.empty()) return errors;
    if ((known.uid || known.gid) &&
        ::lchown(path_.c_str(), known.uid.value_or(unchanged), known.gid.value_or(unchanged)) !=
            0) {
        return at_owner(settings, where, "cannot give " + path_ + " away");
    }
    // No link is followed: in a folder that others may write to it would lead anywhere.
    if (settings.mode &&
        ::fchmodat(AT_FDCWD, path_.c_str(), *settings.mode, AT_SYMLINK_NOFOLLOW) != 0) {
        return at_key("mode", "cannot change " + path_, errno, settings, where);
    }
    return {};
}

bool SocketFile::is_ours() const {
    struct stat now {};
    return made_.inode != 0 && ::lstat(path_.c_str(), &now) == 0 &&
           FileIdentity{now.st_dev, now.st_ino} == made_;
}

SocketFile::~SocketFile() {
    if (!left_ && is_ours()) ::unlink(path_.c_str());
    // While it is still locked: whoever waits for it finds out that it lost its name.
    ::unlink(lock_path(path_).c_str());
}

}  // namespace protohost::net

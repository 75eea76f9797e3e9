// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <sys/types.h>

#include "daemon/base/descriptor.hpp"
#include "daemon/base/error.hpp"
#include "daemon/model/configuration.hpp"

namespace protohost::net {

/// Finds `uid` and `gid` of the `owner` and `group` of `settings` that have none yet: names, or
/// numbers, also such as no account has. It may block, on a directory server perhaps: not on the
/// loop. The errors are at the keys, or else at `where`.
base::Errors look_up_accounts(model::SocketSettings& settings, const std::string& where);

/// Whether the kernel would let this process give a file away as `settings` say, found out without
/// touching any that has a name.
base::Errors rehearse_ownership(const model::SocketSettings& settings, const std::string& where);

/// Which file has a name: a name may go to another one.
struct FileIdentity {
    dev_t device = 0;
    ino_t inode = 0;

    bool operator==(const FileIdentity&) const = default;
};

/// The file of a UNIX socket, from before it is bound until it is closed. A path has one server:
/// while this lives it holds a lock beside the path, and what a live server of any kind has there
/// is never taken away. What a dead one left behind is replaced.
class SocketFile {
public:
    /// Makes the way free for bind(). `type` is the socket's, SOCK_STREAM or SOCK_DGRAM. The errors
    /// say what is in the way; `where` is put before them.
    static base::Result<std::unique_ptr<SocketFile>> claim(const std::string& path,
                                                           int type,
                                                           const std::string& where);

    /// Of a socket that is bound already: claims the path where the file there is still that one;
    /// nullptr where it is not. bound() follows. The file is left, until leave() says otherwise.
    static base::Result<std::unique_ptr<SocketFile>> take_back(const std::string& path,
                                                               FileIdentity made,
                                                               const std::string& where);

    /// Removes the file, unless it was left or somebody else has put another in its place, and
    /// gives up the lock.
    ~SocketFile();
    SocketFile(const SocketFile&) = delete;
    SocketFile& operator=(const SocketFile&) = delete;

    /// After bind(), and before anyone can connect: mode, owner and group.
    base::Errors bound(const model::SocketSettings& settings, const std::string& where);

    /// The same of one that serves; what `former` said of it and `settings` do not is again as
    /// bind() makes it.
    base::Errors retune(const model::SocketSettings& settings, const model::SocketSettings& former);

    /// Whether what is at the path by now is still the socket that was bound there.
    bool is_ours() const;

    /// After bound().
    FileIdentity identity() const { return made_; }

    /// Whether the file outlives this, as its socket does.
    void leave(bool left) { left_ = left; }

private:
    base::Errors give(const model::SocketSettings& settings, const std::string& where) const;

    SocketFile(std::string path, base::Descriptor lock)
        : path_(std::move(path)), lock_(std::move(lock)) {}

    std::string path_;
    base::Descriptor lock_;
    FileIdentity made_;
    bool left_ = false;
};

}  // namespace protohost::net

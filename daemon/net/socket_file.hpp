// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <sys/types.h>

#include "daemon/base/descriptor.hpp"
#include "daemon/base/error.hpp"
#include "daemon/model/configuration.hpp"

namespace protohost::net {

/// The file of a UNIX socket, from before it is bound until it is closed. A path has one server: while
/// this lives it holds a lock beside the path, and what a live server of any kind has there is never
/// taken away. What a dead one left behind is replaced.
class SocketFile {
public:
    /// Makes the way free for bind(). `type` is the socket's, SOCK_STREAM or SOCK_DGRAM. The errors
    /// say what is in the way; `where` is put before them.
    static base::Result<std::unique_ptr<SocketFile>> claim(const std::string& path,
                                                           int type,
                                                           const std::string& where);

    /// Removes the file, unless somebody else has put another in its place, and gives up the lock.
    ~SocketFile();
    SocketFile(const SocketFile&) = delete;
    SocketFile& operator=(const SocketFile&) = delete;

    /// After bind(), and before anyone can connect: mode, owner and group.
    base::Errors bound(const model::SocketSettings& settings, const std::string& where);

private:
    SocketFile(std::string path, base::Descriptor lock) : path_(std::move(path)), lock_(std::move(lock)) {}

    std::string path_;
    base::Descriptor lock_;
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

}  // namespace protohost::net

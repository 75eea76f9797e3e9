// SPDX-License-Identifier: MIT
#pragma once

#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/model/address.hpp"

namespace protohost::net {

/// An address as the kernel has it.
class SocketAddress {
public:
    SocketAddress() = default;

    /// For accept(), getsockname() and the like to fill.
    sockaddr* data() { return &storage_.any; }
    const sockaddr* data() const { return &storage_.any; }
    socklen_t* size_to_fill() {
        size_ = sizeof storage_;
        return &size_;
    }
    socklen_t size() const { return size_; }
    int family() const { return size_ == 0 ? AF_UNSPEC : storage_.any.sa_family; }
    std::uint16_t port() const;

    /// "127.0.0.1:7007", "[::1]:7007".
    std::string text() const;

    static SocketAddress local_of(int fd);

private:
    friend base::Result<std::vector<SocketAddress>> resolve(const model::Address&);

    union Storage {
        sockaddr any;
        sockaddr_in v4;
        sockaddr_in6 v6;
    };
    Storage storage_{};
    socklen_t size_ = 0;
};

/// The addresses of a name, or the one that it already is. A name blocks on the resolver: not on
/// a loop that serves.
base::Result<std::vector<SocketAddress>> resolve(const model::Address& address);

}  // namespace protohost::net

// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/model/address.hpp"

namespace protohost::net {

/// An address as the kernel has it: IPv4, IPv6 or UNIX. As large as the largest of them; what is
/// kept for each connection is a PeerName.
class SocketAddress {
public:
    SocketAddress() = default;

    /// A copy of a struct sockaddr. family() is AF_UNSPEC where it is none that we know, or cut
    /// off.
    SocketAddress(const void* address, std::size_t size);

    /// Of the unix and unixgram kinds; the error says why the kernel cannot have such a path.
    static base::Result<SocketAddress> of_unix(const model::Address& address);

    /// For accept(), getsockname() and the like to fill.
    sockaddr* data() { return &storage_.any; }
    const sockaddr* data() const { return &storage_.any; }
    socklen_t* size_to_fill() {
        size_ = sizeof storage_;
        return &size_;
    }
    /// The kernel says how long an address is, not how much of it did fit.
    socklen_t size() const { return size_ < largest ? size_ : largest; }
    int family() const { return size_ == 0 ? AF_UNSPEC : storage_.any.sa_family; }
    std::uint16_t port() const;
    /// Of this machine's own interface, and reached from nowhere else.
    bool is_loopback() const;
    /// 0.0.0.0, [::].
    bool is_unspecified() const;

    /// The path of a UNIX socket, or "": it is unnamed, or its name is abstract.
    std::string path() const;

    /// "127.0.0.1:7007", "[::1]:7007", "/run/x.sock", "@name", and "" for an unnamed UNIX socket.
    std::string text() const;

    /// What a log line calls a peer: the text, or a few words for a socket without a name.
    std::string label() const;

    /// As the configuration writes it: "tcp://127.0.0.1:7007", "unix:///run/x.sock", "unix:@name".
    /// `type` SOCK_DGRAM: "udp://...", "unixgram:...".
    std::string uri(int type = SOCK_STREAM) const;

    /// AF_UNSPEC where the kernel does not say.
    static SocketAddress local_of(int fd);
    static SocketAddress peer_of(int fd);

    bool operator==(const SocketAddress& other) const;

private:
    static constexpr socklen_t largest = sizeof(sockaddr_un);

    std::string unix_name() const;

    union Storage {
        sockaddr any;
        sockaddr_in v4;
        sockaddr_in6 v6;
        sockaddr_un local;
    };
    Storage storage_{};
    socklen_t size_ = 0;
};

/// The addresses of a name, or the one that it already is. A name blocks on the resolver: not on
/// a loop that serves.
base::Result<std::vector<SocketAddress>> resolve(const model::Address& address);

/// The address that `address` is without asking anybody; nullopt: a name.
std::optional<SocketAddress> numeric(const model::Address& address);

}  // namespace protohost::net

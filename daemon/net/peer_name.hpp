// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <netinet/in.h>
#include <string>
#include <sys/types.h>
#include <variant>

#include "daemon/net/socket_address.hpp"

namespace protohost::net {

/// Who is at the other end, in as little memory as an IP address needs: there is one for each idle
/// connection. The name of a UNIX socket or a pipe, which few have, is kept outside.
class PeerName {
public:
    /// One made smaller. The flow label of IPv6 is not kept.
    PeerName(const SocketAddress& address);  // NOLINT(google-explicit-constructor)
    /// A pipe's path.
    explicit PeerName(std::string pipe)
        : name_(std::make_unique<const std::string>(std::move(pipe))) {}

    /// Whoever has no name is called by process and user: asks the socket, once. Nothing for
    /// others.
    void identify(int fd);

    /// Of no family for a pipe.
    SocketAddress address() const;

    /// What a log line calls it: "127.0.0.1:40000", "/run/x.sock", "unix (pid 123 uid 0)".
    std::string label() const;

private:
    struct Ip {
        in6_addr host;  ///< IPv4: the first four bytes
        std::uint32_t scope;
        in_port_t port;
        sa_family_t family;
    };
    /// A UNIX socket without a name.
    struct Unnamed {
        pid_t pid;  ///< 0: not known, or outside our namespace
        uid_t uid;
    };

    std::variant<std::monostate,
                 Ip,
                 Unnamed,
                 std::unique_ptr<const SocketAddress>,
                 std::unique_ptr<const std::string>>
        name_;
};
static_assert(sizeof(PeerName) <= 32);

}  // namespace protohost::net

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
    explicit PeerName(std::string pipe);
    /// `client`, for whom somebody between us has said that it has connected to `reached`.
    PeerName(const SocketAddress& client, const SocketAddress& reached);
    PeerName(PeerName&& other) noexcept;
    PeerName& operator=(PeerName&&) = delete;
    ~PeerName();

    /// Whoever has no name is called by process and user: asks the socket, once. Nothing for
    /// others.
    void identify(int fd);

    /// Of no family for a pipe.
    SocketAddress address() const;

    /// Of no family where nobody has said it: then it is the address of our socket.
    SocketAddress reached() const;

    /// What a log line calls it: "127.0.0.1:40000", "/run/x.sock", "unix (pid 123 uid 0)".
    std::string label() const;

private:
    struct Ip {
        in6_addr host;  ///< IPv4: the first four bytes
        std::uint32_t scope;
        in_port_t port;
        sa_family_t family;
    };
    struct Relayed;
    /// A UNIX socket without a name.
    struct Unnamed {
        pid_t pid;  ///< 0: not known, or outside our namespace
        uid_t uid;
    };

    std::variant<std::monostate,
                 Ip,
                 Unnamed,
                 std::unique_ptr<const SocketAddress>,
                 std::unique_ptr<const std::string>,
                 std::unique_ptr<Relayed>>
        name_;
};
static_assert(sizeof(PeerName) <= 32);

}  // namespace protohost::net

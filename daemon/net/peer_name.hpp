// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <netinet/in.h>
#include <string>

#include "daemon/net/socket_address.hpp"

namespace protohost::net {

/// Who is at the other end, in as little memory as an IP address needs: there is one for each idle
/// connection. The name of a UNIX socket or a pipe, which few have, is kept outside.
class PeerName {
public:
    PeerName(const SocketAddress& address);  // NOLINT(google-explicit-constructor): one made smaller
    /// A pipe's path.
    explicit PeerName(std::string pipe) : pipe_(std::make_unique<std::string>(std::move(pipe))) {}

    /// Of no family for a pipe.
    SocketAddress address() const;

    /// What a log line calls it.
    std::string label() const;

private:
    union Ip {
        sockaddr_in v4;
        sockaddr_in6 v6;
    };
    Ip ip_{};
    std::uint8_t ip_size_ = 0;
    bool unnamed_ = false;
    std::unique_ptr<SocketAddress> unix_;
    std::unique_ptr<std::string> pipe_;
};

}  // namespace protohost::net

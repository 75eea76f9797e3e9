// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "daemon/net/socket_address.hpp"

namespace protohost::unit {

/// Counts connections by where they come from: an IPv4 address, or the /64 of an IPv6 one, because
/// that is what one customer has. Peers without an IP address are never refused.
class SourceLimit {
public:
    /// 0: nobody is refused and nothing is counted.
    explicit SourceLimit(std::uint64_t limit) : limit_(limit) {}

    /// Counts it, unless it is one too many.
    bool admit(const net::SocketAddress& peer);
    /// Counts it, also where it is one too many: it is there already.
    void count(const net::SocketAddress& peer);
    void left(const net::SocketAddress& peer);

private:
    static std::optional<std::uint64_t> source_of(const net::SocketAddress& peer);

    std::uint64_t limit_;
    std::unordered_map<std::uint64_t, std::uint64_t> counts_;
};

}  // namespace protohost::unit

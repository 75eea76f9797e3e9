// SPDX-License-Identifier: MIT
#include "daemon/unit/source_limit.hpp"

#include <cstring>
#include <netinet/in.h>

namespace protohost::unit {

std::optional<std::uint64_t> SourceLimit::source_of(const net::SocketAddress& peer) {
    std::uint64_t source = 0;
    if (peer.family() == AF_INET) {
        sockaddr_in address{};
        std::memcpy(&address, peer.data(), sizeof address);
        // Apart from every /64: those begin with 64 bits of which the first 32 are never all ones.
        source = (std::uint64_t{0xffffffff} << 32) | address.sin_addr.s_addr;
        return source;
    }
    if (peer.family() == AF_INET6) {
        sockaddr_in6 address{};
        std::memcpy(&address, peer.data(), sizeof address);
        if (IN6_IS_ADDR_V4MAPPED(&address.sin6_addr)) {
            std::uint32_t v4 = 0;
            std::memcpy(&v4, address.sin6_addr.s6_addr + 12, sizeof v4);
            return (std::uint64_t{0xffffffff} << 32) | v4;
        }
        std::memcpy(&source, address.sin6_addr.s6_addr, sizeof source);
        return source;
    }
    return std::nullopt;
}

bool SourceLimit::admit(const net::SocketAddress& peer) {
    if (limit_ == 0) return true;
    const auto source = source_of(peer);
    if (!source) return true;
    std::uint64_t& count = counts_[*source];
    if (count >= limit_) return false;
    ++count;
    return true;
}

void SourceLimit::count(const net::SocketAddress& peer) {
    if (limit_ == 0) return;
    if (const auto source = source_of(peer)) ++counts_[*source];
}

void SourceLimit::left(const net::SocketAddress& peer) {
    if (limit_ == 0) return;
    const auto source = source_of(peer);
    if (!source) return;
    const auto found = counts_.find(*source);
    if (found != counts_.end() && --found->second == 0) counts_.erase(found);
}

}  // namespace protohost::unit

// SPDX-License-Identifier: MIT
#include "daemon/net/peer_name.hpp"

#include <cstring>

namespace protohost::net {

PeerName::PeerName(const SocketAddress& address) {
    if (address.family() == AF_INET || address.family() == AF_INET6) {
        ip_size_ = static_cast<std::uint8_t>(address.size());
        std::memcpy(&ip_, address.data(), ip_size_);
    } else if (address.text().empty()) {
        unnamed_ = address.family() == AF_UNIX;
    } else {
        unix_ = std::make_unique<SocketAddress>(address);
    }
}

SocketAddress PeerName::address() const {
    if (ip_size_ != 0) return {&ip_, ip_size_};
    if (unix_ != nullptr) return *unix_;
    if (!unnamed_) return {};
    const sa_family_t family = AF_UNIX;
    return {&family, sizeof family};
}

std::string PeerName::label() const {
    return pipe_ != nullptr ? *pipe_ : address().label();
}

}  // namespace protohost::net

// SPDX-License-Identifier: MIT
#include "daemon/net/socket_address.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <netdb.h>

namespace protohost::net {

std::uint16_t SocketAddress::port() const {
    if (family() == AF_INET) return ntohs(storage_.v4.sin_port);
    if (family() == AF_INET6) return ntohs(storage_.v6.sin6_port);
    return 0;
}

std::string SocketAddress::text() const {
    std::array<char, INET6_ADDRSTRLEN> host{};
    if (family() == AF_INET) {
        ::inet_ntop(AF_INET, &storage_.v4.sin_addr, host.data(), host.size());
        return std::string(host.data()) + ":" + std::to_string(port());
    }
    if (family() == AF_INET6) {
        ::inet_ntop(AF_INET6, &storage_.v6.sin6_addr, host.data(), host.size());
        return "[" + std::string(host.data()) + "]:" + std::to_string(port());
    }
    return "unknown";
}

SocketAddress SocketAddress::local_of(int fd) {
    SocketAddress address;
    if (::getsockname(fd, address.data(), address.size_to_fill()) != 0) return {};
    return address;
}

base::Result<std::vector<SocketAddress>> resolve(const model::Address& address) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int error =
        ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
    if (error != 0) {
        const char* reason = error == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(error);
        return base::failure(model::to_string(address),
                             "the name does not resolve: " + std::string(reason),
                             "use an IP address, or mend the name");
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
    std::vector<SocketAddress> addresses;
    for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
        SocketAddress next;
        if (info->ai_addrlen > sizeof next.storage_) continue;
        std::memcpy(&next.storage_, info->ai_addr, info->ai_addrlen);
        next.size_ = info->ai_addrlen;
        addresses.push_back(next);
    }
    return addresses;
}

}  // namespace protohost::net

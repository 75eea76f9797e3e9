// SPDX-License-Identifier: MIT
#include "daemon/net/socket_address.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <net/if.h>
#include <netdb.h>
#include <string_view>

#include "daemon/base/utf8.hpp"

namespace protohost::net {

namespace {

constexpr std::size_t name_offset = offsetof(sockaddr_un, sun_path);

/// The least that an address of the family takes; 0: no family of ours.
std::size_t least_size(int family) {
    switch (family) {
        case AF_INET:
            return sizeof(sockaddr_in);
        case AF_INET6:
            return sizeof(sockaddr_in6);
        case AF_UNIX:
            return name_offset;
        default:
            return 0;
    }
}

/// "%eth0" behind a link-local address, which means nothing without it.
std::string zone(std::uint32_t index) {
    if (index == 0) return {};
    std::array<char, IF_NAMESIZE> name{};
    return std::string("%") +
           (::if_indextoname(index, name.data()) != nullptr ? name.data() : std::to_string(index));
}

SocketAddress ask(int fd, int (*question)(int, sockaddr*, socklen_t*)) {
    SocketAddress address;
    if (question(fd, address.data(), address.size_to_fill()) != 0) return {};
    return address;
}

}  // namespace

SocketAddress::SocketAddress(const void* address, std::size_t size) {
    if (size < sizeof storage_.any.sa_family || size > sizeof storage_) return;
    std::memcpy(&storage_, address, size);
    const std::size_t least = least_size(storage_.any.sa_family);
    if (least != 0 && size >= least) size_ = static_cast<socklen_t>(size);
}

base::Result<SocketAddress> SocketAddress::of_unix(const model::Address& address) {
    const bool abstract = address.kind == model::Address::Kind::unix_abstract ||
                          address.kind == model::Address::Kind::unixgram_abstract;
    const std::string& name = address.path;
    // A path ends in NUL, an abstract name begins with it.
    constexpr std::size_t longest = sizeof(sockaddr_un::sun_path) - 1;
    if (name.empty() || name.size() > longest) {
        return base::failure(model::to_string(address),
                             "the name of a UNIX socket has 1 to " + std::to_string(longest) +
                                 " bytes, and this one has " + std::to_string(name.size()),
                             name.empty() ? "" : "use a shorter path, for instance below /run");
    }
    SocketAddress result;
    result.storage_.local.sun_family = AF_UNIX;
    std::memcpy(&result.storage_.local.sun_path[abstract ? 1 : 0], name.data(), name.size());
    result.size_ = static_cast<socklen_t>(name_offset + 1 + name.size());
    return result;
}

std::uint16_t SocketAddress::port() const {
    if (family() == AF_INET) return ntohs(storage_.v4.sin_port);
    if (family() == AF_INET6) return ntohs(storage_.v6.sin6_port);
    return 0;
}

bool SocketAddress::is_loopback() const {
    if (family() == AF_INET6) return IN6_IS_ADDR_LOOPBACK(&storage_.v6.sin6_addr);
    return family() == AF_INET && ntohl(storage_.v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

bool SocketAddress::is_unspecified() const {
    if (family() == AF_INET6) return IN6_IS_ADDR_UNSPECIFIED(&storage_.v6.sin6_addr);
    return family() == AF_INET && storage_.v4.sin_addr.s_addr == INADDR_ANY;
}

std::string SocketAddress::unix_name() const {
    if (family() != AF_UNIX || size() <= name_offset) return {};
    const std::string_view all(storage_.local.sun_path, size() - name_offset);
    // A path ends at its NUL, which who wrote it may have counted or not.
    return std::string(all.front() == '\0' ? all : all.substr(0, all.find('\0')));
}

std::string SocketAddress::path() const {
    const std::string name = unix_name();
    return name.substr(0, name.find('\0'));
}

std::string SocketAddress::text() const {
    std::array<char, INET6_ADDRSTRLEN> host{};
    if (family() == AF_INET) {
        ::inet_ntop(AF_INET, &storage_.v4.sin_addr, host.data(), host.size());
        return std::string(host.data()) + ":" + std::to_string(port());
    }
    if (family() == AF_INET6) {
        ::inet_ntop(AF_INET6, &storage_.v6.sin6_addr, host.data(), host.size());
        return "[" + std::string(host.data()) + zone(storage_.v6.sin6_scope_id) +
               "]:" + std::to_string(port());
    }
    if (family() == AF_UNIX) {
        const std::string name = unix_name();
        if (name.size() > 1 && name[0] == '\0') return "@" + base::printable(name.substr(1));
        return base::printable(path());
    }
    return "unknown";
}

std::string SocketAddress::label() const {
    std::string known = text();
    return known.empty() ? "an unnamed socket" : known;
}

std::string SocketAddress::uri(int type) const {
    const bool datagrams = type == SOCK_DGRAM;
    if (family() != AF_UNIX) return (datagrams ? "udp://" : "tcp://") + text();
    const bool has_path = !path().empty();
    return std::string(datagrams ? "unixgram:" : "unix:") + (has_path ? "//" : "") + text();
}

SocketAddress SocketAddress::local_of(int fd) {
    return ask(fd, ::getsockname);
}

SocketAddress SocketAddress::peer_of(int fd) {
    return ask(fd, ::getpeername);
}

bool SocketAddress::operator==(const SocketAddress& other) const {
    if (family() != other.family()) return false;
    const auto same = [](const auto& a, const auto& b) {
        return std::memcmp(&a, &b, sizeof a) == 0;
    };
    // The rest of these is padding and a label, which a plugin may have filled with anything.
    if (family() == AF_INET) {
        return port() == other.port() && same(storage_.v4.sin_addr, other.storage_.v4.sin_addr);
    }
    if (family() == AF_INET6) {
        return port() == other.port() && same(storage_.v6.sin6_addr, other.storage_.v6.sin6_addr) &&
               storage_.v6.sin6_scope_id == other.storage_.v6.sin6_scope_id;
    }
    return unix_name() == other.unix_name();
}

namespace {

struct Found {
    int error;  ///< of getaddrinfo
    std::vector<SocketAddress> addresses;
};

Found get_address_info(const model::Address& address, int flags) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV | flags;
    addrinfo* first = nullptr;
    Found found{
        ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &first),
        {}};
    if (found.error != 0) return found;
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(first, &::freeaddrinfo);
    for (const addrinfo* info = first; info != nullptr; info = info->ai_next) {
        const SocketAddress next(info->ai_addr, info->ai_addrlen);
        if (next.family() != AF_UNSPEC) found.addresses.push_back(next);
    }
    return found;
}

}  // namespace

base::Result<std::vector<SocketAddress>> resolve(const model::Address& address) {
    Found found = get_address_info(address, 0);
    if (found.error == 0) return std::move(found.addresses);
    const char* reason =
        found.error == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(found.error);
    return base::failure(model::to_string(address),
                         "the name \"" + address.host + "\" does not resolve: " + reason,
                         "use an IP address, or mend the name");
}

std::optional<SocketAddress> numeric(const model::Address& address) {
    // A connection asks it each time, and getaddrinfo takes ten times as long.
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    if (::inet_pton(AF_INET, address.host.c_str(), &v4.sin_addr) == 1) {
        return SocketAddress(&v4, sizeof v4);
    }
    const Found found = get_address_info(address, AI_NUMERICHOST);
    if (found.addresses.empty()) return std::nullopt;
    return found.addresses.front();
}

}  // namespace protohost::net

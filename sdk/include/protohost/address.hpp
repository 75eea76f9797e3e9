// SPDX-License-Identifier: MIT
#pragma once

#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <net/if.h>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/un.h>

#include <protohost/detail/context.hpp>

namespace protohost {

/// Where a datagram came from or goes to, and what get_extra_info says of 'peername' and
/// 'sockname': IPv4, IPv6, or the name of a UNIX socket. A value that owns no memory; copying it
/// copies as many bytes as the address has. It orders and hashes, so that it can be a key.
class Address {
public:
    /// No address: false. What an unnamed UNIX socket sends from, for example.
    Address() = default;
    /// A copy. What is too long or too short for an address is none.
    explicit Address(ph_addr address) { assign(address.sa, address.len); }
    Address(const sockaddr* address, socklen_t size) { assign(address, size); }
    Address(const Address& other) { assign(&other.storage_, other.size_); }
    Address& operator=(const Address& other) {
        if (this != &other) assign(&other.storage_, other.size_);
        return *this;
    }

    /// "127.0.0.1:9999", "[::1]:9999", "[fe80::1%eth0]:9999", "/run/some.socket", "@abstract".
    /// Never asks a resolver; nullopt for everything else, names included.
    static std::optional<Address> parse(std::string_view text);

    explicit operator bool() const { return size_ != 0; }
    int family() const { return size_ == 0 ? AF_UNSPEC : storage_.any.sa_family; }

    /// "127.0.0.1", "::1"; empty where the address is no IP address.
    std::string ip() const;
    /// 0 where the address is no IP address.
    std::uint16_t port() const;
    /// Of a UNIX socket: "/run/some.socket", "@abstract"; else empty.
    std::string path() const;

    /// What parse() reads; empty for none.
    std::string text() const;

    /// For calls of the system; nothing is here where size() is 0.
    const sockaddr* data() const { return &storage_.any; }
    socklen_t size() const { return size_; }

    bool operator==(const Address& other) const { return (*this <=> other) == 0; }
    /// What the peer does not distinguish is not compared: padding, IPv6 flow labels.
    std::strong_ordering operator<=>(const Address& other) const;

private:
    friend struct std::hash<Address>;

    union Storage {
        sockaddr any;
        sockaddr_in v4;
        sockaddr_in6 v6;
        sockaddr_un local;
    };

    void assign(const void* address, std::size_t size) {
        size_ = 0;
        if (address == nullptr || size <= sizeof(sa_family_t) || size > sizeof storage_) return;
        std::memcpy(&storage_, address, size);
        const bool too_short = (storage_.any.sa_family == AF_INET && size < sizeof storage_.v4) ||
                               (storage_.any.sa_family == AF_INET6 && size < sizeof storage_.v6);
        if (!too_short) size_ = static_cast<socklen_t>(size);
    }

    /// The name of a UNIX socket as the kernel compares it: an abstract one begins with a NUL.
    std::string_view name() const {
        const std::string_view all(storage_.local.sun_path,
                                   size_ - offsetof(sockaddr_un, sun_path));
        return all.front() == '\0' ? all : all.substr(0, all.find('\0'));
    }

    static std::optional<Address> parse_ip(std::string_view host, std::string_view port);
    static std::optional<Address> parse_path(std::string_view path);

    Storage storage_;  // the first size_ bytes of it
    socklen_t size_ = 0;
};

inline std::string Address::ip() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (family() == AF_INET) {
        ::inet_ntop(AF_INET, &storage_.v4.sin_addr, text.data(), text.size());
    } else if (family() == AF_INET6) {
        ::inet_ntop(AF_INET6, &storage_.v6.sin6_addr, text.data(), text.size());
    }
    return text.data();
}

inline std::uint16_t Address::port() const {
    if (family() == AF_INET) return ntohs(storage_.v4.sin_port);
    if (family() == AF_INET6) return ntohs(storage_.v6.sin6_port);
    return 0;
}

inline std::string Address::path() const {
    if (family() != AF_UNIX) return {};
    std::string path(name());
    if (path.front() == '\0') path.front() = '@';
    return path;
}

inline std::string Address::text() const {
    if (family() == AF_INET) return ip() + ":" + std::to_string(port());
    if (family() != AF_INET6) return path();
    std::string zone;
    if (const unsigned scope = storage_.v6.sin6_scope_id; scope != 0) {
        std::array<char, IF_NAMESIZE> name{};
        const bool known = ::if_indextoname(scope, name.data()) != nullptr;
        zone = "%" + (known ? std::string(name.data()) : std::to_string(scope));
    }
    return "[" + ip() + zone + "]:" + std::to_string(port());
}

inline std::strong_ordering Address::operator<=>(const Address& other) const {
    if (const auto order = family() <=> other.family(); order != 0) return order;
    if (family() == AF_INET) {
        const auto order =
            ntohl(storage_.v4.sin_addr.s_addr) <=> ntohl(other.storage_.v4.sin_addr.s_addr);
        return order != 0 ? order : port() <=> other.port();
    }
    if (family() == AF_INET6) {
        const sockaddr_in6& mine = storage_.v6;
        const sockaddr_in6& theirs = other.storage_.v6;
        const int order = std::memcmp(&mine.sin6_addr, &theirs.sin6_addr, sizeof mine.sin6_addr);
        if (order != 0) return order <=> 0;
        const auto ports = port() <=> other.port();
        return ports != 0 ? ports : mine.sin6_scope_id <=> theirs.sin6_scope_id;
    }
    if (family() == AF_UNIX) return name() <=> other.name();
    if (const auto order = size_ <=> other.size_; order != 0) return order;
    return std::memcmp(&storage_, &other.storage_, size_) <=> 0;
}

inline std::optional<Address> Address::parse_ip(std::string_view host, std::string_view port) {
    std::uint16_t number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error != std::errc{} || end != port.data() + port.size()) return std::nullopt;
    if (!host.starts_with('[')) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(number);
        if (::inet_pton(AF_INET, std::string(host).c_str(), &v4.sin_addr) != 1) return std::nullopt;
        return Address(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
    }
    if (!host.ends_with(']')) return std::nullopt;
    host = host.substr(1, host.size() - 2);
    const std::size_t mark = host.find('%');
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(number);
    const std::string ip(host.substr(0, mark));
    if (::inet_pton(AF_INET6, ip.c_str(), &v6.sin6_addr) != 1) return std::nullopt;
    if (mark != std::string_view::npos) {
        const std::string zone(host.substr(mark + 1));
        v6.sin6_scope_id = ::if_nametoindex(zone.c_str());
        const char* const last = zone.data() + zone.size();
        if (v6.sin6_scope_id == 0) {
            const auto [after, bad] = std::from_chars(zone.data(), last, v6.sin6_scope_id);
            if (bad != std::errc{} || after != last) return std::nullopt;
        }
    }
    return Address(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
}

inline std::optional<Address> Address::parse_path(std::string_view path) {
    sockaddr_un local{};
    local.sun_family = AF_UNIX;
    if (path.size() < 2 || path.size() >= sizeof local.sun_path) return std::nullopt;
    if (path.find('\0') != std::string_view::npos) return std::nullopt;
    path.copy(local.sun_path, path.size());
    if (path.front() == '@') local.sun_path[0] = '\0';
    const auto size = offsetof(sockaddr_un, sun_path) + path.size();
    return Address(reinterpret_cast<const sockaddr*>(&local), static_cast<socklen_t>(size));
}

inline std::optional<Address> Address::parse(std::string_view text) {
    if (text.starts_with('/') || text.starts_with('@')) return parse_path(text);
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    return parse_ip(text.substr(0, colon), text.substr(colon + 1));
}

}  // namespace protohost

template <>
struct std::hash<protohost::Address> {
    std::size_t operator()(const protohost::Address& address) const noexcept {
        const auto bytes = [&](std::size_t offset, std::size_t size) {
            const char* const storage = reinterpret_cast<const char*>(&address.storage_);
            return std::hash<std::string_view>()({storage + offset, size});
        };
        switch (address.family()) {
            case AF_INET:  // port and address, side by side
                return bytes(offsetof(sockaddr_in, sin_port), 6);
            case AF_INET6:
                return bytes(offsetof(sockaddr_in6, sin6_addr), 16) ^ address.port();
            case AF_UNIX:
                return std::hash<std::string_view>()(address.name());
            default:
                return bytes(0, address.size());
        }
    }
};

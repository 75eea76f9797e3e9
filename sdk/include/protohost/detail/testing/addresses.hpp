// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <arpa/inet.h>
#include <cstddef>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/un.h>

namespace protohost::detail::testing {

// Which addresses the daemon takes.

inline bool is_number_of(int family, std::string_view host) {
    in6_addr bytes{};
    return ::inet_pton(family, std::string(host).c_str(), &bytes) == 1;
}

inline bool is_host(std::string_view host) {
    if (host.starts_with('[')) {
        if (!host.ends_with(']')) return false;
        host = host.substr(1, host.size() - 2);
        const std::size_t zone = host.find('%');
        return zone + 1 != host.size() && is_number_of(AF_INET6, host.substr(0, zone));
    }
    constexpr std::string_view digits = "0123456789.";
    constexpr std::string_view others = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
    if (host.find_first_not_of(digits) == std::string_view::npos) {
        return is_number_of(AF_INET, host);
    }
    const auto fits = [&](char c) {
        return digits.find(c) != std::string_view::npos || others.find(c) != std::string_view::npos;
    };
    return host.size() <= 253 && std::all_of(host.begin(), host.end(), fits);
}

inline bool is_port(std::string_view port) {
    if (port.empty() || port.find_first_not_of("0123456789") != std::string_view::npos) {
        return false;
    }
    port.remove_prefix(std::min(port.find_first_not_of('0'), port.size()));
    return port.size() < 5 || (port.size() == 5 && port <= "65535");
}

/// "//HOST:PORT"
inline bool is_internet_address(std::string_view rest) {
    const std::size_t colon = rest.rfind(':');
    return rest.starts_with("//") && colon != std::string_view::npos &&
           is_host(rest.substr(2, colon - 2)) && is_port(rest.substr(colon + 1));
}

/// "///PATH" or "@NAME"
inline bool is_unix_address(std::string_view rest) {
    const bool path = rest.starts_with("///") && !rest.ends_with('/');
    if (!path && (rest.size() < 2 || rest.front() != '@')) return false;
    rest.remove_prefix(path ? 2 : 1);
    return rest.size() < sizeof(sockaddr_un::sun_path) && rest.find('\0') == std::string_view::npos;
}

/// Whether `address` is one of `schemes`: "udp unixgram".
inline bool is_address_for(std::string_view schemes, std::string_view address) {
    const std::size_t colon = std::min(address.find(':'), address.size());
    const std::string_view scheme = address.substr(0, colon);
    const std::string_view rest = address.substr(std::min(colon + 1, address.size()));
    for (std::size_t begin = 0; begin < schemes.size();) {
        const std::size_t end = std::min(schemes.find(' ', begin), schemes.size());
        if (schemes.substr(begin, end - begin) == scheme) {
            return scheme.starts_with("unix") ? is_unix_address(rest) : is_internet_address(rest);
        }
        begin = end + 1;
    }
    return false;
}

/// AF_UNIX, AF_INET or AF_INET6 of an address with a scheme; AF_UNSPEC: a name, which may have any.
inline int family_of(std::string_view address) {
    if (address.starts_with("unix")) return AF_UNIX;
    address.remove_prefix(std::min(address.find("//") + 2, address.size()));
    if (address.starts_with('[')) return AF_INET6;
    return is_number_of(AF_INET, address.substr(0, address.rfind(':'))) ? AF_INET : AF_UNSPEC;
}

}  // namespace protohost::detail::testing

// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace protohost::model {

/// HOST:PORT, as it stands in an address of the internet.
struct HostPort {
    std::string host;  ///< without brackets
    std::uint16_t port = 0;
    std::string problem;  ///< what is wrong with the text; empty: nothing
};

/// "127.0.0.1:80", "[::1]:80", "name:80". `scheme` is for the examples in what it says.
HostPort parse_host_port(std::string_view text, std::string_view scheme);

bool is_ipv4(std::string_view host);
/// With or without a zone: "fe80::1", "fe80::1%eth0".
bool is_ipv6(std::string_view host);
/// 224.0.0.0/4 or ff00::/8.
bool is_multicast(std::string_view host);

/// One spelling for all that mean the same host: "::1" for "0:0:0:0:0:0:0:1", "name" for "Name".
std::string canonical_host(std::string_view host);

}  // namespace protohost::model

// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace protohost::model {

/// A range of IP addresses: those that begin as `bytes` do, for `bits`.
struct Network {
    bool is_ipv6 = false;
    std::array<unsigned char, 16> bytes{};  ///< of IPv4 the first four; behind `bits` all are 0
    unsigned bits = 0;

    bool operator==(const Network&) const = default;
};

/// "10.0.0.0/8", "2001:db8::/32", or one address without a slash. nullopt: it is none, or there are
/// bits set behind those that count, which nobody means.
std::optional<Network> parse_network(std::string_view text);

/// "10.0.0.0/8", also of a single address: "192.0.2.1/32".
std::string to_string(const Network& network);

/// Whether an address, of 4 or 16 bytes in the order of the network, is in it. An IPv4 address that
/// is written as an IPv6 one (::ffff:192.0.2.1) is what it stands for.
bool contains(const Network& network, const unsigned char* address, std::size_t size);

}  // namespace protohost::model

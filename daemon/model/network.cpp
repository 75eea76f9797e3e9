// SPDX-License-Identifier: MIT
#include "daemon/model/network.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>

namespace protohost::model {

namespace {

constexpr std::array<unsigned char, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

unsigned largest(const Network& network) {
    return network.is_ipv6 ? 128 : 32;
}

/// The bits of byte `index` that count.
unsigned char mask(const Network& network, std::size_t index) {
    const std::size_t first = 8 * index;
    if (network.bits >= first + 8) return 0xFF;
    if (network.bits <= first) return 0;
    return static_cast<unsigned char>(0xFF00U >> (network.bits - first));
}

}  // namespace

std::optional<Network> parse_network(std::string_view text) {
    Network network;
    const std::size_t slash = text.find('/');
    const std::string host(text.substr(0, slash));
    network.is_ipv6 = host.find(':') != std::string::npos;
    const int family = network.is_ipv6 ? AF_INET6 : AF_INET;
    if (::inet_pton(family, host.c_str(), network.bytes.data()) != 1) return std::nullopt;
    network.bits = largest(network);
    if (slash != std::string_view::npos) {
        const std::string_view bits = text.substr(slash + 1);
        const char* const end = bits.data() + bits.size();
        const auto [stop, problem] = std::from_chars(bits.data(), end, network.bits);
        const bool padded = bits.size() > 1 && bits[0] == '0';
        if (problem != std::errc{} || stop != end || padded || network.bits > largest(network)) {
            return std::nullopt;
        }
    }
    for (std::size_t i = 0; i < network.bytes.size(); ++i) {
        if ((network.bytes[i] & ~mask(network, i)) != 0) return std::nullopt;
    }
    return network;
}

std::string to_string(const Network& network) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = network.is_ipv6 ? AF_INET6 : AF_INET;
    ::inet_ntop(family, network.bytes.data(), text.data(), text.size());
    return std::string(text.data()) + '/' + std::to_string(network.bits);
}

bool contains(const Network& network, const unsigned char* address, std::size_t size) {
    const bool is_mapped = size == 16 && std::memcmp(address, mapped.data(), mapped.size()) == 0;
    if (is_mapped && !network.is_ipv6) return contains(network, address + mapped.size(), 4);
    if (size != (network.is_ipv6 ? 16U : 4U)) return false;
    for (std::size_t i = 0; i < size; ++i) {
        if ((address[i] & mask(network, i)) != network.bytes[i]) return false;
    }
    return true;
}

}  // namespace protohost::model

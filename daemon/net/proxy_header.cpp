// SPDX-License-Identifier: MIT
#include "daemon/net/proxy_header.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstdint>
#include <cstring>
#include <netinet/in.h>
#include <sys/un.h>
#include <vector>

namespace protohost::net {

namespace {

using State = ProxyHeaderRead::State;
using namespace std::string_view_literals;

constexpr auto text_signature = "PROXY "sv;
constexpr auto binary_signature = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::size_t longest_line = 107;
constexpr std::size_t fixed_part = 16;
constexpr std::uint8_t checksum_type = 0x03;

ProxyHeaderRead invalid(std::string problem) {
    return {State::invalid, {}, std::move(problem)};
}

ProxyHeaderRead complete(const ProxyHeader& header) {
    return {State::complete, header, {}};
}

/// 0 to 65535 without a sign or leading zeros.
std::optional<std::uint16_t> read_port(std::string_view text) {
    if (text.empty() || text.size() > 5 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
    std::uint32_t port = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        port = port * 10 + static_cast<std::uint32_t>(c - '0');
    }
    if (port > 65535) return std::nullopt;
    return static_cast<std::uint16_t>(port);
}

SocketAddress ipv4(const void* host, std::uint16_t port_in_network_order) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = port_in_network_order;
    std::memcpy(&address.sin_addr, host, sizeof address.sin_addr);
    return {&address, sizeof address};
}

SocketAddress ipv6(const void* host, std::uint16_t port_in_network_order) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = port_in_network_order;
    std::memcpy(&address.sin6_addr, host, sizeof address.sin6_addr);
    return {&address, sizeof address};
}

std::optional<SocketAddress> read_address(int family,
                                          std::string_view host,
                                          std::string_view port) {
    // What C would take for the end of it.
    if (host.find('\0') != std::string_view::npos) return std::nullopt;
    const auto number = read_port(port);
    in6_addr binary{};
    if (!number || ::inet_pton(family, std::string(host).c_str(), &binary) != 1) {
        return std::nullopt;
    }
    return family == AF_INET ? ipv4(&binary, htons(*number)) : ipv6(&binary, htons(*number));
}

/// Exactly one space between two of them.
std::vector<std::string_view> split(std::string_view line) {
    std::vector<std::string_view> words;
    while (true) {
        const std::size_t space = line.find(' ');
        words.push_back(line.substr(0, space));
        if (space == std::string_view::npos) return words;
        line.remove_prefix(space + 1);
    }
}

ProxyHeaderRead read_line(std::string_view bytes) {
    const std::size_t end = bytes.substr(0, longest_line).find("\r\n");
    if (end == std::string_view::npos) {
        if (bytes.size() >= longest_line) return invalid("its line has no end");
        return {};
    }
    ProxyHeader header;
    header.size = end + 2;
    const std::string_view line = bytes.substr(text_signature.size(), end - text_signature.size());
    // What follows UNKNOWN is to be ignored.
    if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) return complete(header);
    const auto words = split(line);
    const bool four = words[0] == "TCP4";
    if (!four && words[0] != "TCP6") return invalid("it is neither of TCP4 nor TCP6");
    if (words.size() != 5) return invalid("it has not two addresses and two ports");
    const int family = four ? AF_INET : AF_INET6;
    header.source = read_address(family, words[1], words[3]);
    header.destination = read_address(family, words[2], words[4]);
    if (!header.source || !header.destination) return invalid("an address in it is none");
    return complete(header);
}

std::uint16_t number_at(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint16_t>((static_cast<unsigned char>(bytes[at]) << 8U) |
                                      static_cast<unsigned char>(bytes[at + 1]));
}

std::uint16_t port_at(std::string_view bytes, std::size_t at) {
    return htons(number_at(bytes, at));
}

/// CRC-32C, as iSCSI has it; a header is too short for tables.
std::uint32_t checksum(std::string_view bytes) {
    std::uint32_t crc = 0xFFFFFFFF;
    for (const char byte : bytes) {
        crc ^= static_cast<unsigned char>(byte);
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0x82F63B78U : 0U);
    }
    return ~crc;
}

/// The checksum is over the header with four zeros in its own place.
bool has_right_checksum(std::string_view header, std::size_t at) {
    std::string blank(header);
    const std::uint32_t said =
        (std::uint32_t{number_at(header, at)} << 16U) | number_at(header, at + 2);
    std::fill_n(blank.begin() + static_cast<std::ptrdiff_t>(at), 4, '\0');
    return checksum(blank) == said;
}

/// What stands behind the addresses: types, lengths and values, from `at` to the end. Empty: fine.
std::string check_values(std::string_view header, std::size_t at) {
    while (at < header.size()) {
        if (header.size() - at < 3) return "it ends within a value";
        const std::size_t length = number_at(header, at + 1);
        const auto type = static_cast<std::uint8_t>(header[at]);
        at += 3;
        if (header.size() - at < length) return "it ends within a value";
        if (type == checksum_type && (length != 4 || !has_right_checksum(header, at))) {
            return "its checksum is wrong";
        }
        at += length;
    }
    return {};
}

SocketAddress unix_at(std::string_view bytes) {
    constexpr std::size_t longest = sizeof sockaddr_un{}.sun_path;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, bytes.data(), longest);
    // A name that begins with a NUL is abstract, and its end is not said; a path ends at its NUL.
    const std::size_t length = bytes[0] == '\0' ? 0 : ::strnlen(bytes.data(), longest);
    return {&address, offsetof(sockaddr_un, sun_path) + length};
}

/// How long the two addresses are; nullopt: it is none that can stand there.
std::optional<std::size_t> size_of_addresses(std::uint8_t family) {
    switch (family) {
        case 0x00:
            return 0;
        case 0x11:
            return 12;
        case 0x21:
            return 36;
        case 0x31:
            return 216;
        default:
            return std::nullopt;
    }
}

void read_addresses(std::uint8_t family, std::string_view bytes, ProxyHeader& header) {
    switch (family) {
        case 0x11:
            header.source = ipv4(bytes.data(), port_at(bytes, 8));
            header.destination = ipv4(bytes.data() + 4, port_at(bytes, 10));
            break;
        case 0x21:
            header.source = ipv6(bytes.data(), port_at(bytes, 32));
            header.destination = ipv6(bytes.data() + 16, port_at(bytes, 34));
            break;
        case 0x31:
            header.source = unix_at(bytes);
            header.destination = unix_at(bytes.substr(108));
            break;
        default:
            break;
    }
}

ProxyHeaderRead read_binary(std::string_view bytes) {
    if (bytes.size() < fixed_part) return {};
    const auto command = static_cast<std::uint8_t>(bytes[12]);
    const auto family = static_cast<std::uint8_t>(bytes[13]);
    if (command != 0x20 && command != 0x21) return invalid("its version or command is unknown");
    const std::size_t size = fixed_part + number_at(bytes, 14);
    if (size > largest_proxy_header) return invalid("it is longer than 2 KiB");
    const bool is_local = command == 0x20;
    const auto addresses = is_local ? std::optional<std::size_t>(0) : size_of_addresses(family);
    if (!addresses) return invalid("its addresses are of an unknown kind, or of datagrams");
    if (size < fixed_part + *addresses) return invalid("it is shorter than its addresses");
    if (bytes.size() < size) return {};

    const std::string_view whole = bytes.substr(0, size);
    ProxyHeader header;
    header.size = size;
    if (is_local) return complete(header);  // and what else it says is to be ignored
    read_addresses(family, whole.substr(fixed_part), header);
    if (std::string problem = check_values(whole, fixed_part + *addresses); !problem.empty()) {
        return invalid(std::move(problem));
    }
    return complete(header);
}

/// Whether one is the beginning of the other.
bool agree(std::string_view bytes, std::string_view signature) {
    const std::size_t both = std::min(bytes.size(), signature.size());
    return bytes.substr(0, both) == signature.substr(0, both);
}

}  // namespace

ProxyHeaderRead read_proxy_header(std::string_view bytes) {
    if (agree(bytes, text_signature)) {
        return bytes.size() < text_signature.size() ? ProxyHeaderRead{} : read_line(bytes);
    }
    if (agree(bytes, binary_signature)) {
        return bytes.size() < binary_signature.size() ? ProxyHeaderRead{} : read_binary(bytes);
    }
    return invalid("what came is no PROXY header");
}

}  // namespace protohost::net

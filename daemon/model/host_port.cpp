// SPDX-License-Identifier: MIT
#include "daemon/model/host_port.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <netinet/in.h>
#include <optional>
#include <system_error>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/base/utf8.hpp"
#include "daemon/model/quantity.hpp"

namespace protohost::model {
namespace {

using Bytes = std::array<unsigned char, sizeof(in6_addr)>;

std::optional<Bytes> bytes_of(int family, std::string_view host) {
    Bytes bytes{};
    if (inet_pton(family, std::string(host).c_str(), bytes.data()) != 1) return std::nullopt;
    return bytes;
}

std::string_view without_zone(std::string_view host) {
    return host.substr(0, host.find('%'));
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_name(std::string_view host) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' ||
               c == '.' || c == '_';
    };
    return host.size() <= 253 && std::all_of(host.begin(), host.end(), fits);
}

bool looks_like_ipv4(std::string_view host) {
    return std::all_of(host.begin(), host.end(), [](char c) { return is_digit(c) || c == '.'; });
}

/// What is wrong with a host that was written without brackets, or empty.
std::string check_host(const std::string& host) {
    if (host == "*") return "\"*\" is no host; every address is 0.0.0.0 or [::]";
    if (looks_like_ipv4(host)) {
        return is_ipv4(host) ? "" : base::format("{} is no IPv4 address", host);
    }
    if (!is_name(host)) return base::format("\"{}\" is no host name", base::printable(host));
    return "";
}

std::string check_port(std::string_view text, std::uint16_t& port) {
    if (text.empty()) return "the port is missing";
    const bool digits = std::all_of(text.begin(), text.end(), is_digit);
    if (!digits) return base::format("port \"{}\" is no number", base::printable(text));
    const auto result = std::from_chars(text.data(), text.data() + text.size(), port);
    if (result.ec != std::errc{}) return base::format("port {} is not within 0 and 65535", text);
    return "";
}

struct Split {
    std::string host;
    std::string port;
    std::string problem;
};

/// fe80::/10, and multicast of the link or narrower: what is another one on every interface.
bool is_of_one_link(std::string_view address) {
    const auto bytes = bytes_of(AF_INET6, address);
    if (!bytes) return false;
    const unsigned first = (*bytes)[0];
    const unsigned second = (*bytes)[1];
    return (first == 0xFEU && (second & 0xC0U) == 0x80U) ||
           (first == 0xFFU && (second & 0x0FU) <= 2);
}

/// What is wrong with the text between the brackets, or empty.
std::string check_ipv6(const std::string& host) {
    if (!is_ipv6(host)) return base::format("[{}] is no IPv6 address", base::printable(host));
    const std::string_view address = without_zone(host);
    if (address.size() == host.size() || is_of_one_link(address)) return "";
    return base::format(
        "[{}]: a zone belongs to a link-local address (fe80::...), and {} is none; leave %{} away",
        base::printable(host),
        address,
        base::printable(host.substr(address.size() + 1)));
}

Split split_bracketed(std::string_view text) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return {{}, {}, "the closing ] is missing"};
    Split split{std::string(text.substr(1, close - 1)), {}, {}};
    text.remove_prefix(close + 1);
    split.problem = check_ipv6(split.host);
    if (!split.problem.empty()) return split;
    if (text.empty()) {
        split.problem = "the port is missing";
    } else if (text.front() != ':') {
        split.problem = "after ] comes :PORT";
    } else {
        split.port = text.substr(1);
    }
    return split;
}

Split split_plain(std::string_view text, std::string_view scheme) {
    const std::size_t colon = text.find(':');
    if (colon != text.rfind(':')) {
        return {{}, {}, base::format("an IPv6 address goes in brackets: {}://[::1]:7007", scheme)};
    }
    if (colon == 0 || text.empty()) {
        return {{}, {}, "the host is missing; every address is 0.0.0.0 or [::]"};
    }
    Split split{std::string(text.substr(0, colon)), {}, {}};
    split.problem = check_host(split.host);
    if (!split.problem.empty()) return split;
    if (colon == std::string_view::npos) {
        split.problem = "the port is missing";
    } else {
        split.port = text.substr(colon + 1);
    }
    return split;
}

}  // namespace

HostPort parse_host_port(std::string_view text, std::string_view scheme) {
    Split split = text.starts_with('[') ? split_bracketed(text) : split_plain(text, scheme);
    HostPort parsed{std::move(split.host), 0, std::move(split.problem)};
    if (parsed.problem.empty()) parsed.problem = check_port(split.port, parsed.port);
    return parsed;
}

bool is_ipv4(std::string_view host) {
    return bytes_of(AF_INET, host).has_value();
}

bool is_ipv6(std::string_view host) {
    return !host.ends_with('%') && bytes_of(AF_INET6, without_zone(host)).has_value();
}

bool is_multicast(std::string_view host) {
    if (const auto v4 = bytes_of(AF_INET, host)) return ((*v4)[0] & 0xF0U) == 0xE0U;
    const auto v6 = bytes_of(AF_INET6, host);
    return v6 && (*v6)[0] == 0xFFU;
}

std::string canonical_host(std::string_view host) {
    if (is_ipv6(host)) {
        const std::string_view address = without_zone(host);
        std::array<char, INET6_ADDRSTRLEN> text{};
        inet_ntop(AF_INET6, bytes_of(AF_INET6, address)->data(), text.data(), text.size());
        return text.data() + std::string(host.substr(address.size()));
    }
    return lower_case(host);
}

}  // namespace protohost::model

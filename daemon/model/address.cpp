// SPDX-License-Identifier: MIT
#include "daemon/model/address.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <netinet/in.h>
#include <system_error>

#include "daemon/base/format.hpp"
#include "daemon/base/utf8.hpp"

namespace protohost::model {
namespace {

constexpr std::string_view scheme = "tcp";

bool is_ip(int family, const std::string& host) {
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    return inet_pton(family, host.c_str(), bytes.data()) == 1;
}

bool is_ipv6(const std::string& host) {
    const std::size_t zone = host.find('%');
    if (zone != std::string::npos && zone + 1 == host.size()) return false;
    return is_ip(AF_INET6, host.substr(0, zone));
}

bool is_name(std::string_view host) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.' || c == '_';
    };
    return host.size() <= 253 && std::all_of(host.begin(), host.end(), fits);
}

bool looks_like_ipv4(std::string_view host) {
    return host.find_first_not_of("0123456789.") == std::string_view::npos;
}

/// What is wrong with a host that was written without brackets, or empty.
std::string check_host(const std::string& host) {
    if (host == "*") return "\"*\" is no host; every address is 0.0.0.0 or [::]";
    if (looks_like_ipv4(host)) {
        return is_ip(AF_INET, host) ? "" : base::format("{} is no IPv4 address", host);
    }
    if (!is_name(host)) return base::format("\"{}\" is no host name", base::printable(host));
    return "";
}

std::string check_port(std::string_view text, std::uint16_t& port) {
    if (text.empty()) return "the port is missing";
    const bool digits = text.find_first_not_of("0123456789") == std::string_view::npos;
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

Split split_bracketed(std::string_view rest) {
    const std::size_t close = rest.find(']');
    if (close == std::string_view::npos) return {{}, {}, "the closing ] is missing"};
    Split split{std::string(rest.substr(1, close - 1)), {}, {}};
    rest.remove_prefix(close + 1);
    if (!is_ipv6(split.host)) {
        split.problem = base::format("[{}] is no IPv6 address", base::printable(split.host));
    } else if (rest.empty()) {
        split.problem = "the port is missing";
    } else if (rest.front() != ':') {
        split.problem = "after ] comes :PORT";
    } else {
        split.port = rest.substr(1);
    }
    return split;
}

Split split_plain(std::string_view rest) {
    const std::size_t colon = rest.find(':');
    if (colon != rest.rfind(':')) {
        return {{}, {}, "an IPv6 address goes in brackets: tcp://[::1]:7007"};
    }
    if (colon == 0 || rest.empty()) {
        return {{}, {}, "the host is missing; every address is 0.0.0.0 or [::]"};
    }
    Split split{std::string(rest.substr(0, colon)), {}, {}};
    split.problem = check_host(split.host);
    if (!split.problem.empty()) return split;
    if (colon == std::string_view::npos) {
        split.problem = "the port is missing";
    } else {
        split.port = rest.substr(colon + 1);
    }
    return split;
}

}  // namespace

std::optional<Address> parse_address(std::string_view text, std::string& problem) {
    const std::size_t mark = text.find("://");
    if (mark == std::string_view::npos) {
        problem = text.empty() ? "it is empty" : "the scheme is missing: tcp://HOST:PORT";
        return std::nullopt;
    }
    if (text.substr(0, mark) != scheme) {
        problem = base::format("unknown scheme \"{}\"; the only one supported is tcp",
                               base::printable(text.substr(0, mark)));
        return std::nullopt;
    }
    const std::string_view rest = text.substr(mark + 3);
    Split split = rest.starts_with('[') ? split_bracketed(rest) : split_plain(rest);
    std::uint16_t port = 0;
    if (split.problem.empty()) split.problem = check_port(split.port, port);
    if (!split.problem.empty()) {
        problem = std::move(split.problem);
        return std::nullopt;
    }
    return Address{.kind = Address::Kind::tcp, .host = std::move(split.host), .port = port};
}

std::string to_string(const Address& address) {
    const bool ipv6 = address.host.find(':') != std::string::npos;
    if (ipv6) return base::format("{}://[{}]:{}", scheme, address.host, address.port);
    return base::format("{}://{}:{}", scheme, address.host, address.port);
}

bool is_datagram(const Address& address) {
    using enum Address::Kind;
    return address.kind == udp || address.kind == unixgram_path ||
           address.kind == unixgram_abstract;
}

}  // namespace protohost::model

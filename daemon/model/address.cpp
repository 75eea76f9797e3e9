// SPDX-License-Identifier: MIT
#include "daemon/model/address.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "daemon/base/format.hpp"
#include "daemon/base/utf8.hpp"
#include "daemon/model/host_port.hpp"
#include "daemon/model/quantity.hpp"

namespace protohost::model {
namespace {

constexpr std::array<std::string_view, 6> schemes{
    "tcp", "udp", "unix", "unixgram", "fd", "systemd"};

std::string unknown_scheme(std::string_view scheme) {
    const auto meant = nearest(scheme, schemes);
    return base::format("unknown scheme \"{}\"; {}",
                        base::printable(scheme),
                        meant ? base::format("did you mean {}?", *meant)
                              : "there are tcp, udp, unix, unixgram, fd and systemd");
}

/// A text without a known scheme at its beginning.
std::string without_scheme(std::string_view text) {
    if (text.empty()) return "it is empty";
    const bool is_short = text.size() <= longest_unix_path;
    if (text.starts_with('/') && is_short) {
        return base::format("the scheme is missing: unix://{}", base::printable(text));
    }
    if (text.starts_with('@') && is_short) {
        return base::format("the scheme is missing: unix:{}", base::printable(text));
    }
    return "the scheme is missing: tcp://HOST:PORT";
}

std::string check_unix_name(std::string_view what, std::string_view name) {
    if (name.find('\0') != std::string_view::npos) {
        return base::format("a {} cannot hold a NUL character", what);
    }
    if (name.size() > longest_unix_path) {
        return base::format("the {} is {} bytes long, a socket's may have {}",
                            what,
                            name.size(),
                            longest_unix_path);
    }
    return "";
}

std::string check_path(std::string_view path, std::string_view scheme) {
    if (path.empty() || path.starts_with('@')) {
        return base::format("write {0}:///PATH, or {0}:@NAME without slashes", scheme);
    }
    if (!path.starts_with('/')) {
        return base::format("the path is relative; begin it with a third slash: {}:///{}",
                            scheme,
                            base::printable(path.substr(0, longest_unix_path)));
    }
    if (path.ends_with('/')) return "the path is a folder's; a socket needs a name in it";
    return check_unix_name("path", path);
}

std::optional<Address> parse_unix(Address::Kind path_kind,
                                  Address::Kind abstract_kind,
                                  std::string_view rest,
                                  std::string& problem) {
    Address address{.kind = path_kind, .host = {}};
    const std::string_view scheme = scheme_of(address);
    if (rest.starts_with('@')) {
        address.kind = abstract_kind;
        rest.remove_prefix(1);
        problem = rest.empty() ? "the name after @ is empty" : check_unix_name("name", rest);
    } else if (rest.starts_with("//")) {
        rest.remove_prefix(2);
        problem = check_path(rest, scheme);
    } else {
        problem = base::format("after {}: comes ///PATH or @NAME", scheme);
    }
    if (!problem.empty()) return std::nullopt;
    address.path = rest;
    return address;
}

std::optional<Address> parse_internet(Address::Kind kind,
                                      std::string_view rest,
                                      std::string& problem) {
    Address address{.kind = kind, .host = {}};
    const std::string_view scheme = scheme_of(address);
    if (!rest.starts_with("//")) {
        problem = base::format("after {}: comes //HOST:PORT", scheme);
        return std::nullopt;
    }
    HostPort parsed = parse_host_port(rest.substr(2), scheme);
    problem = std::move(parsed.problem);
    if (!problem.empty()) return std::nullopt;
    address.host = std::move(parsed.host);
    address.port = parsed.port;
    return address;
}

std::optional<Address> parse_descriptor(std::string_view rest, std::string& problem) {
    int number = -1;
    const char* const end = rest.data() + rest.size();
    const bool digits = rest.find_first_not_of("0123456789") == std::string_view::npos;
    const auto [stop, error] = std::from_chars(rest.data(), end, number);
    if (rest.empty() || !digits) {
        problem = "after fd: comes the number of a descriptor: fd:3";
    } else if (error != std::errc{}) {
        problem = base::format("no descriptor has the number {}", base::printable(rest));
    } else if (number < 3) {
        problem = "0, 1 and 2 are standard input, output and error; what is passed begins at fd:3";
    } else {
        return Address{
            .kind = Address::Kind::descriptor, .host = {}, .path = {}, .descriptor = number};
    }
    return std::nullopt;
}

/// What systemd allows in FileDescriptorName=, which may have 255 characters.
std::optional<Address> parse_systemd(std::string_view name, std::string& problem) {
    const auto is_allowed = [](char c) { return c > ' ' && c < 0x7f && c != ':'; };
    if (name.empty()) {
        problem = "after systemd: comes the FileDescriptorName= of a socket unit: systemd:web";
    } else if (name.size() > 255) {
        problem =
            base::format("the name has {} characters, one of systemd has at most 255", name.size());
    } else if (!std::all_of(name.begin(), name.end(), is_allowed)) {
        problem = "a name of systemd has neither colons nor blanks, and is ASCII";
    } else {
        return Address{.kind = Address::Kind::systemd, .host = {}, .path = std::string(name)};
    }
    return std::nullopt;
}

}  // namespace

std::optional<Address> parse_address(std::string_view text, std::string& problem) {
    using enum Address::Kind;
    problem.clear();
    const std::size_t colon = text.find(':');
    const bool has_colon = colon != std::string_view::npos;
    const std::string_view scheme = has_colon ? text.substr(0, colon) : std::string_view();
    const std::string_view rest = has_colon ? text.substr(colon + 1) : std::string_view();
    if (scheme == "tcp") return parse_internet(tcp, rest, problem);
    if (scheme == "udp") return parse_internet(udp, rest, problem);
    if (scheme == "unix") return parse_unix(unix_path, unix_abstract, rest, problem);
    if (scheme == "unixgram") return parse_unix(unixgram_path, unixgram_abstract, rest, problem);
    if (scheme == "fd") return parse_descriptor(rest, problem);
    if (scheme == "systemd") return parse_systemd(rest, problem);
    const bool misspelt = rest.starts_with('/') || rest.starts_with('@');
    problem = misspelt ? unknown_scheme(scheme) : without_scheme(text);
    return std::nullopt;
}

std::string to_string(const Address& address) {
    const std::string_view scheme = scheme_of(address);
    switch (address.kind) {
        case Address::Kind::tcp:
        case Address::Kind::udp: {
            const bool ipv6 = address.host.find(':') != std::string::npos;
            return ipv6 ? base::format("{}://[{}]:{}", scheme, address.host, address.port)
                        : base::format("{}://{}:{}", scheme, address.host, address.port);
        }
        case Address::Kind::unix_path:
        case Address::Kind::unixgram_path:
            return base::format("{}://{}", scheme, address.path);
        case Address::Kind::unix_abstract:
        case Address::Kind::unixgram_abstract:
            return base::format("{}:@{}", scheme, address.path);
        case Address::Kind::descriptor:
            return base::format("{}:{}", scheme, address.descriptor);
        case Address::Kind::systemd:
            return base::format("{}:{}", scheme, address.path);
    }
    return {};  // not reached
}

std::string_view scheme_of(const Address& address) {
    switch (address.kind) {
        case Address::Kind::tcp:
            return "tcp";
        case Address::Kind::udp:
            return "udp";
        case Address::Kind::unix_path:
        case Address::Kind::unix_abstract:
            return "unix";
        case Address::Kind::unixgram_path:
        case Address::Kind::unixgram_abstract:
            return "unixgram";
        case Address::Kind::descriptor:
            return "fd";
        case Address::Kind::systemd:
            return "systemd";
    }
    return {};  // not reached
}

bool is_datagram(const Address& address) {
    using enum Address::Kind;
    return address.kind == udp || address.kind == unixgram_path ||
           address.kind == unixgram_abstract;
}

bool is_passed(const Address& address) {
    using enum Address::Kind;
    return address.kind == descriptor || address.kind == systemd;
}

bool has_path(const Address& address) {
    using enum Address::Kind;
    return address.kind == unix_path || address.kind == unixgram_path;
}

Address canonical(const Address& address) {
    Address same = address;
    same.host = canonical_host(address.host);
    if (has_path(address)) same.path = std::filesystem::path(address.path).lexically_normal();
    return same;
}

}  // namespace protohost::model

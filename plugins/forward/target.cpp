// SPDX-License-Identifier: MIT
#include "target.hpp"

#include <charconv>

namespace forward {

namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, port);
    if (error != std::errc() || stop != end || port == 0) return std::nullopt;
    return port;
}

/// "HOST:PORT", "[HOST]:PORT".
std::optional<Target> parse_tcp(std::string_view rest, std::string_view written) {
    const std::size_t colon = rest.rfind(':');
    if (colon == 0 || colon == std::string_view::npos) return std::nullopt;
    std::string_view host = rest.substr(0, colon);
    const auto port = parse_port(rest.substr(colon + 1));
    if (!port) return std::nullopt;
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    } else if (host.find_first_of(":/[]") != std::string_view::npos) {
        return std::nullopt;
    }
    if (host.empty()) return std::nullopt;
    return Target{std::string(host), *port, std::string(written)};
}

}  // namespace

std::optional<Target> Target::parse(std::string_view text) {
    constexpr std::string_view tcp = "tcp://";
    constexpr std::string_view path = "unix:///";
    constexpr std::string_view name = "unix:@";
    if (text.starts_with(tcp)) return parse_tcp(text.substr(tcp.size()), text);
    if (text.starts_with(path) && text.size() > path.size()) {
        return Target{std::string(text.substr(path.size() - 1)), 0, std::string(text)};
    }
    if (text.starts_with(name) && text.size() > name.size()) {
        return Target{std::string(text.substr(name.size() - 1)), 0, std::string(text)};
    }
    return std::nullopt;
}

}  // namespace forward

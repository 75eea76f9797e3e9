// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace forward {

/// Where connections are forwarded to.
struct Target {
    std::string host;     ///< a number or a name, or what the path of a UNIX socket is
    std::uint16_t port;   ///< 0: `host` is a path
    std::string written;  ///< as the operator has it, for messages

    /// "tcp://127.0.0.1:80", "tcp://[::1]:80", "tcp://name:80", "unix:///run/x.sock", "unix:@name".
    static std::optional<Target> parse(std::string_view text);
};

}  // namespace forward

// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace protohost::model {

/// Where to listen, as it was written. More kinds join as more transports do.
struct Address {
    enum class Kind { tcp };

    Kind kind = Kind::tcp;
    std::string host;  ///< "127.0.0.1", "::1" (without brackets), or a name
    std::uint16_t port = 0;

    auto operator<=>(const Address&) const = default;
};

/// "tcp://127.0.0.1:7007", "tcp://[::1]:7007", "tcp://localhost:0". On failure, `problem` says
/// in a few words what is wrong with the text.
std::optional<Address> parse_address(std::string_view text, std::string& problem);

/// The text that parses back to it.
std::string to_string(const Address& address);

}  // namespace protohost::model

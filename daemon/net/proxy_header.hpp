// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/net/socket_address.hpp"

namespace protohost::net {

/// What a load balancer says before anything else: the PROXY protocol, version 1 (a line of text)
/// or 2 (binary).
struct ProxyHeader {
    /// Whom it speaks for. nullopt: for itself, as when it looks whether we are there, or for
    /// somebody without an address that we know.
    std::optional<SocketAddress> source;
    /// Where that one has connected to.
    std::optional<SocketAddress> destination;
    std::size_t size = 0;  ///< in bytes; what comes behind it is the client's
};

/// Far above what is said: an address and a few facts about TLS.
inline constexpr std::size_t largest_proxy_header = 16 + 2048;

struct ProxyHeaderRead {
    enum class State {
        incomplete,  ///< it may become one, and all bytes belong to it
        complete,
        invalid
    };

    State state = State::incomplete;
    ProxyHeader header{};
    std::string problem{};  ///< of an invalid one
};

/// Reads the header at the beginning of `bytes`, which hold all that has come so far. It is strict:
/// what is not exactly a header is none, because whoever is believed here says who somebody is.
/// Pure.
ProxyHeaderRead read_proxy_header(std::string_view bytes);

}  // namespace protohost::net

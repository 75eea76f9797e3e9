// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace protohost::harness {

/// A port of 127.0.0.1 that nobody listens on now: for the few tests that must name one.
std::uint16_t free_port();

/// Binds `socket` to such a port, which is its own then.
std::uint16_t bind_to_free_port(int socket);

}  // namespace protohost::harness

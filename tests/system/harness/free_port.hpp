// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace protohost::harness {

/// A port of 127.0.0.1 that nobody listens on now: for the few tests that must name one.
std::uint16_t free_port();

}  // namespace protohost::harness

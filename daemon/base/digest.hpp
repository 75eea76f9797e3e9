// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace protohost::base {

/// [any] In lower-case hexadecimal, as sha256sum prints it.
std::string sha256(std::span<const std::byte> bytes);

/// "0a1f": the bytes in lower-case hexadecimal.
std::string hexadecimal(std::span<const std::byte> bytes);

}  // namespace protohost::base

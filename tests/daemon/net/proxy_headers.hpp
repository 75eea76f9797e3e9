// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace protohost::net::testing {

/// A header of version 2 with what is behind its fixed part.
inline std::string binary_header(std::uint8_t command, std::uint8_t family, std::string_view rest) {
    std::string header("\r\n\r\n\0\r\nQUIT\n", 12);
    header += static_cast<char>(command);
    header += static_cast<char>(family);
    header += static_cast<char>(rest.size() >> 8U);
    header += static_cast<char>(rest.size() & 0xFFU);
    return header.append(rest);
}

/// 192.0.2.1:4660 to 198.51.100.2:443.
inline std::string ipv4_ends() {
    return {"\xC0\x00\x02\x01\xC6\x33\x64\x02\x12\x34\x01\xBB", 12};
}

}  // namespace protohost::net::testing

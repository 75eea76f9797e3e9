// SPDX-License-Identifier: MIT
#include "daemon/base/digest.hpp"

#include <array>
#include <new>
#include <string_view>

#include <openssl/evp.h>

namespace protohost::base {

std::string sha256(std::span<const std::byte> bytes) {
    std::array<std::byte, EVP_MAX_MD_SIZE> digest;
    unsigned length = 0;
    const int done = ::EVP_Digest(bytes.data(),
                                  bytes.size(),
                                  reinterpret_cast<unsigned char*>(digest.data()),
                                  &length,
                                  ::EVP_sha256(),
                                  nullptr);
    // It takes any bytes: there is nothing else that it can lack.
    if (done != 1) throw std::bad_alloc();
    return hexadecimal(std::span(digest).first(length));
}

std::string hexadecimal(std::span<const std::byte> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(2 * bytes.size());
    for (const std::byte byte : bytes) {
        const auto value = std::to_integer<unsigned>(byte);
        text += digits[value >> 4];
        text += digits[value & 15];
    }
    return text;
}

}  // namespace protohost::base

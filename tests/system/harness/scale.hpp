// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <iostream>
#include <string_view>

namespace protohost::harness {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool sanitized = false;
#endif

/// How long a test waits for what must come. Long: whoever waits for it in vain has failed anyway.
constexpr std::chrono::seconds patience{sanitized ? 120 : 60};

/// `full`, or `reduced` in a build with sanitizers, which is many times slower; says which.
inline std::size_t scaled(std::string_view what, std::size_t full, std::size_t reduced) {
    const std::size_t size = sanitized ? reduced : full;
    std::cout << what << ": " << size;
    if (sanitized) std::cout << ", reduced from " << full << " for the sanitizers";
    std::cout << '\n';
    return size;
}

}  // namespace protohost::harness

// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>

namespace protohost::unit {

/// What the log calls an entry of a table, as an argument of a template.
template <std::size_t size>
struct EntryName {
    char text[size];
    constexpr EntryName(const char (&literal)[size]) { std::copy_n(literal, size, text); }
};

}  // namespace protohost::unit

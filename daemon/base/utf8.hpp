// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace protohost::base {

/// Takes the first code point off `rest`. On bytes that are no UTF-8 (overlong forms and surrogates
/// among them) it takes one byte and returns nullopt. `rest` must not be empty.
std::optional<char32_t> take_code_point(std::string_view& rest);

/// The offset of the first byte that is no UTF-8; npos where there is none.
std::size_t find_invalid_utf8(std::string_view text);

/// The text made safe for one line of a log or a terminal: line breaks, escape sequences and marks
/// that reorder text are written out (\n, \x1b, \u202e), what is no UTF-8 becomes U+FFFD.
std::string printable(std::string_view text);

}  // namespace protohost::base

// SPDX-License-Identifier: MIT
#include "daemon/base/utf8.hpp"

#include "daemon/base/format.hpp"

namespace protohost::base {
namespace {

struct Lead {
    std::size_t following;  // continuation bytes
    char32_t bits;          // of the code point
    char32_t smallest;      // anything below is an overlong form
};

std::optional<Lead> read_lead(unsigned char byte) {
    if (byte < 0x80) return Lead{0, byte, 0};
    if ((byte & 0xE0U) == 0xC0U) return Lead{1, byte & 0x1FU, 0x80};
    if ((byte & 0xF0U) == 0xE0U) return Lead{2, byte & 0x0FU, 0x800};
    if ((byte & 0xF8U) == 0xF0U) return Lead{3, byte & 0x07U, 0x10000};
    return std::nullopt;
}

bool is_control(char32_t code) {
    return code < 0x20 || (code >= 0x7F && code < 0xA0);
}

// Line and paragraph separators, and the marks that change the direction of what follows.
bool misleads(char32_t code) {
    return code == 0x2028 || code == 0x2029 || code == 0x200E || code == 0x200F ||
           (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

void append_escaped(std::string& out, char32_t code) {
    switch (code) {
        case U'\n':
            out += "\\n";
            return;
        case U'\r':
            out += "\\r";
            return;
        case U'\t':
            out += "\\t";
            return;
        default:
            break;
    }
    const auto number = static_cast<unsigned>(code);
    out += number < 0x100 ? format("\\x{:02x}", number) : format("\\u{:04x}", number);
}

}  // namespace

std::optional<char32_t> take_code_point(std::string_view& rest) {
    const auto lead = read_lead(static_cast<unsigned char>(rest.front()));
    const std::string_view bytes = rest;
    rest.remove_prefix(1);
    if (!lead || bytes.size() <= lead->following) return std::nullopt;
    char32_t code = lead->bits;
    for (std::size_t i = 1; i <= lead->following; ++i) {
        const auto byte = static_cast<unsigned char>(bytes[i]);
        if ((byte & 0xC0U) != 0x80U) return std::nullopt;
        code = (code << 6U) | (byte & 0x3FU);
    }
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (code < lead->smallest || code > 0x10FFFF || surrogate) return std::nullopt;
    rest.remove_prefix(lead->following);
    return code;
}

std::size_t find_invalid_utf8(std::string_view text) {
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::size_t offset = text.size() - rest.size();
        if (!take_code_point(rest)) return offset;
    }
    return std::string_view::npos;
}

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::string_view before = text;
        const auto code = take_code_point(text);
        if (!code) {
            out += "\xEF\xBF\xBD";  // U+FFFD
        } else if (is_control(*code) || misleads(*code)) {
            append_escaped(out, *code);
        } else {
            out += before.substr(0, before.size() - text.size());
        }
    }
    return out;
}

}  // namespace protohost::base

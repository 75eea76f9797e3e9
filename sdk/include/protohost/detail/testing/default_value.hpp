// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include <protohost/abi.h>
#include <protohost/detail/testing/option_node.hpp>

// What a declared default means: a scalar, plain or in quotation marks, or a list in brackets.

namespace protohost::detail::testing {

inline std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

/// What stands between quotation marks; nullopt where it is not well formed.
inline std::optional<std::string> unquoted(std::string_view text, char quote) {
    constexpr std::string_view codes = "\\\"ntr0";
    constexpr std::string_view meanings("\\\"\n\t\r\0", 6);
    std::string content;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (quote == '"' && c == '\\') {
            const std::size_t code = ++i < text.size() ? codes.find(text[i]) : codes.npos;
            if (code == codes.npos) return std::nullopt;
            c = meanings[code];
        } else if (c == quote) {
            const bool doubled = quote == '\'' && ++i < text.size() && text[i] == quote;
            if (!doubled) return std::nullopt;
        }
        content.push_back(c);
    }
    return content;
}

inline std::optional<OptionNode> default_scalar(std::string_view text) {
    OptionNode node;
    text = trimmed(text);
    const char quote = text.empty() ? '\0' : text.front();
    if (quote != '"' && quote != '\'') {
        node.text = text;
        return node;
    }
    if (text.size() < 2 || text.back() != quote) return std::nullopt;
    auto content = unquoted(text.substr(1, text.size() - 2), quote);
    if (!content) return std::nullopt;
    node.quoted = true;
    node.text = std::move(*content);
    return node;
}

/// The end of the list item that begins `text`: the first comma outside of quotation marks.
inline std::size_t item_end(std::string_view text) {
    char quote = '\0';
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quote == '"' && c == '\\') {
            ++i;
        } else if (quote != '\0') {
            if (c == quote) quote = '\0';
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == ',') {
            return i;
        }
    }
    return text.size();
}

inline std::optional<OptionNode> default_list(std::string_view text) {
    if (text.size() < 2 || text.front() != '[' || text.back() != ']') return std::nullopt;
    text = trimmed(text.substr(1, text.size() - 2));
    OptionNode node;
    node.kind = OptionNode::Kind::list;
    while (!text.empty()) {
        const std::size_t end = item_end(text);
        auto item = default_scalar(text.substr(0, end));
        if (!item || (item->text.empty() && !item->quoted)) return std::nullopt;
        node.items.push_back(std::move(*item));
        text = end < text.size() ? trimmed(text.substr(end + 1)) : std::string_view();
    }
    return node;
}

/// nullopt: the daemon would refuse the plugin for it.
inline std::optional<OptionNode> default_value(std::uint32_t type, std::string_view text) {
    const std::string_view bare = trimmed(text);
    const bool list = type == PH_OPTION_LIST || (type == PH_OPTION_ANY && bare.starts_with('['));
    auto node = list ? default_list(bare) : default_scalar(bare);
    if (!node || !complaint(*node, type).empty()) return std::nullopt;
    return node;
}

}  // namespace protohost::detail::testing

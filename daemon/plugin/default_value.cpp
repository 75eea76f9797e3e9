// SPDX-License-Identifier: MIT
#include "daemon/plugin/default_value.hpp"

#include <string>
#include <utility>

#include "daemon/plugin/option_type.hpp"

namespace protohost::plugin {
namespace {

using model::Node;

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

/// What stands between double quotes, its escapes resolved.
std::optional<std::string> unescaped(std::string_view text) {
    constexpr std::string_view codes = "\\\"ntr0";
    constexpr std::string_view values("\\\"\n\t\r\0", 6);
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '"') return std::nullopt;
        if (text[i] != '\\') {
            result.push_back(text[i]);
            continue;
        }
        const auto code = ++i < text.size() ? codes.find(text[i]) : std::string_view::npos;
        if (code == std::string_view::npos) return std::nullopt;
        result.push_back(values[code]);
    }
    return result;
}

/// What stands between single quotes, where two of them are one.
std::optional<std::string> undoubled(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\'' && (++i == text.size() || text[i] != '\'')) return std::nullopt;
        result.push_back(text[i]);
    }
    return result;
}

std::optional<Node> scalar(std::string_view text) {
    Node node;
    node.kind = Node::Kind::scalar;
    text = trimmed(text);
    const char quote = text.empty() ? '\0' : text.front();
    if (quote != '"' && quote != '\'') {
        node.text = text;
        return node;
    }
    if (text.size() < 2 || text.back() != quote) return std::nullopt;
    const std::string_view inside = text.substr(1, text.size() - 2);
    const auto content = quote == '"' ? unescaped(inside) : undoubled(inside);
    if (!content) return std::nullopt;
    node.quoted = true;
    node.text = *content;
    return node;
}

/// The end of the list item that begins `text`: the first comma outside of quotes.
std::size_t item_end(std::string_view text) {
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

std::optional<Node> list(std::string_view text) {
    text = trimmed(text);
    if (text.size() < 2 || text.front() != '[' || text.back() != ']') return std::nullopt;
    text = trimmed(text.substr(1, text.size() - 2));
    Node node;
    node.kind = Node::Kind::sequence;
    while (!text.empty()) {
        const std::size_t end = item_end(text);
        auto item = scalar(text.substr(0, end));
        if (!item || (item->text.empty() && !item->quoted)) return std::nullopt;
        node.items.push_back(std::move(*item));
        text = end < text.size() ? trimmed(text.substr(end + 1)) : std::string_view();
    }
    return node;
}

}  // namespace

std::optional<Node> default_value(std::uint32_t type, std::string_view text) {
    const bool is_list =
        type == PH_OPTION_LIST || (type == PH_OPTION_ANY && trimmed(text).starts_with('['));
    auto node = is_list ? list(text) : scalar(text);
    if (!node || !check_type(*node, type).empty()) return std::nullopt;
    return node;
}

}  // namespace protohost::plugin

// SPDX-License-Identifier: MIT
#include "daemon/model/value.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/base/utf8.hpp"
#include "daemon/model/quantity.hpp"

namespace protohost::model {
namespace {

std::string found(const Node& node) {
    if (node.kind != Node::Kind::scalar) return std::string(describe(node));
    return node.quoted ? "the string " + quote(node.text) : quote(node.text);
}

std::string missing_value_hint(const Node& node) {
    return node.kind == Node::Kind::null ? "write a value, or leave the key out" : "";
}

/// For a text that would be a value if it had another sign or fewer digits.
template <class T>
std::string magnitude_hint(std::string_view text, std::optional<T> (*parse)(std::string_view)) {
    if (text.starts_with('-') && parse(text.substr(1))) return "it cannot be negative";
    const std::size_t unit = std::min(text.find_first_not_of("0123456789"), text.size());
    const bool digits = unit > 0 && parse("1" + std::string(text.substr(unit)));
    return digits ? "it is too large" : "";
}

/// Reads a scalar with one of quantity.hpp's functions; `quotable` where quoting changes nothing.
template <class T>
base::Result<T> read_with(const Node& node,
                          std::optional<T> (*parse)(std::string_view),
                          bool quotable,
                          std::string_view what) {
    if (node.kind != Node::Kind::scalar) {
        return base::Errors{unexpected(node, what, missing_value_hint(node))};
    }
    const std::optional<T> value = parse(node.text);
    if (value && (quotable || !node.quoted)) return base::success(*value);
    return base::Errors{unexpected(
        node, what, value ? "remove the quotation marks" : magnitude_hint(node.text, parse))};
}

/// What YAML 1.1 took for a boolean, and 1.2 does not.
bool was_boolean(std::string_view text) {
    constexpr std::array words{"yes", "no", "on", "off", "y", "n", "true", "false"};
    return std::find(words.begin(), words.end(), lower_case(text)) != words.end();
}

/// A number where it is much easier to say which unit would have been meant.
bool is_bare_number(const Node& node) {
    return node.kind == Node::Kind::scalar && parse_number(node.text).value_or(-1) > 0;
}

}  // namespace

base::Result<std::string> read_string(const Node& node) {
    if (node.kind == Node::Kind::scalar) return node.text;
    return base::Errors{unexpected(node, "a string", missing_value_hint(node))};
}

base::Result<std::int64_t> read_integer(const Node& node) {
    return read_with<std::int64_t>(node, parse_integer, false, "a whole number");
}

base::Result<std::int64_t> read_integer(const Node& node, std::int64_t least, std::int64_t most) {
    const std::string what = base::format("a whole number from {} to {}", least, most);
    auto value = read_with<std::int64_t>(node, parse_integer, false, what);
    if (value && (*value < least || *value > most)) return base::Errors{unexpected(node, what)};
    return value;
}

base::Result<double> read_number(const Node& node) {
    return read_with<double>(node, parse_number, false, "a number");
}

base::Result<bool> read_boolean(const Node& node) {
    auto value = read_with<bool>(node, parse_boolean, false, "true or false");
    if (value || node.kind != Node::Kind::scalar || parse_boolean(node.text)) return value;
    const char* hint = was_boolean(node.text) ? "write true or false" : "";
    return base::Errors{unexpected(node, "true or false", hint)};
}

base::Result<std::chrono::nanoseconds> read_duration(const Node& node) {
    auto value =
        read_with<std::chrono::nanoseconds>(node, parse_duration, true, "a duration such as 30s");
    if (value || !is_bare_number(node)) return value;
    return base::Errors{unexpected(
        node, "a duration such as 30s", base::format("add a unit: {0}s, {0}ms", node.text))};
}

base::Result<std::uint64_t> read_size(const Node& node) {
    auto value = read_with<std::uint64_t>(node, parse_size, true, "a size such as 64KiB");
    if (value || node.kind != Node::Kind::scalar) return value;
    // "64K" means 64000 to some and 65536 to others.
    const char last = node.text.empty() ? '\0' : node.text.back();
    const bool ambiguous = std::string_view("kKmMgGtT").find(last) != std::string_view::npos;
    const std::string digits = node.text.substr(0, node.text.find_first_not_of("0123456789"));
    if (!ambiguous || digits.empty() || digits.size() + 1 != node.text.size()) return value;
    const char letter = last >= 'a' ? static_cast<char>(last - 'a' + 'A') : last;
    return base::Errors{
        unexpected(node, "a size such as 64KiB", base::format("write {}{}iB", digits, letter))};
}

base::Result<std::vector<std::string>> read_strings(const Node& node) {
    if (node.kind != Node::Kind::sequence) {
        return base::Errors{unexpected(node, "a list of strings", missing_value_hint(node))};
    }
    std::vector<std::string> strings;
    base::Errors errors;
    for (const Node& item : node.items) {
        auto text = read_string(item);
        if (text) {
            strings.push_back(std::move(*text));
        } else {
            base::append(errors, text.error());
        }
    }
    if (!errors.empty()) return errors;
    return strings;
}

base::Result<std::size_t> read_choice(const Node& node,
                                      const std::vector<std::string_view>& words) {
    const auto at = std::find(words.begin(), words.end(), std::string_view(node.text));
    if (node.kind == Node::Kind::scalar && at != words.end()) {
        return base::success(static_cast<std::size_t>(at - words.begin()));
    }
    std::string what;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) what += i + 1 == words.size() ? " or " : ", ";
        what += words[i];
    }
    std::string hint =
        node.kind == Node::Kind::scalar ? did_you_mean(node.text, words) : missing_value_hint(node);
    return base::Errors{unexpected(node, what, std::move(hint))};
}

base::Error error_at(const Node& node, std::string what, std::string hint) {
    return {to_string(node.place, node.path), std::move(what), std::move(hint)};
}

base::Error unexpected(const Node& node, std::string_view what, std::string hint) {
    return error_at(
        node, base::format("expected {}, found {}", what, found(node)), std::move(hint));
}

std::string path_to(const std::string& parent, std::string_view key) {
    const std::string step = base::printable(key);
    return parent.empty() || step.empty() ? parent + step : parent + '.' + step;
}

std::string path_to(const std::string& parent, std::size_t index) {
    return base::format("{}[{}]", parent, index);
}

std::string quote(std::string_view text) {
    constexpr std::size_t longest = 60;
    std::string_view shown = text.substr(0, longest);
    // Not in the middle of a character.
    while (shown.size() < text.size() && !shown.empty() &&
           (static_cast<unsigned char>(text[shown.size()]) & 0xC0U) == 0x80U) {
        shown.remove_suffix(1);
    }
    return '"' + base::printable(shown) + (shown.size() < text.size() ? "...\"" : "\"");
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates) {
    const auto meant = nearest(word, candidates);
    return meant ? base::format("did you mean \"{}\"?", *meant) : std::string();
}

}  // namespace protohost::model

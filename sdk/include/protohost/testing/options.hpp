// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace protohost::testing {

/// An option's value as an operator would have written it: a text ("30s", "64KiB", "true"), a
/// number or a bool, a list, or, for options of type `any`, a mapping.
class OptionValue {
public:
    using Member = std::pair<std::string, OptionValue>;

    OptionValue(const char* text) : text_(text) {}
    OptionValue(std::string text) : text_(std::move(text)) {}
    OptionValue(std::string_view text) : text_(text) {}
    OptionValue(bool value) : text_(value ? "true" : "false") {}
    template <class T>
    requires std::integral<T> || std::floating_point<T> OptionValue(T value)
        : text_(written(value)) {}
    /// A list of strings.
    OptionValue(std::initializer_list<std::string_view> items) : is_list_(true) {
        for (const std::string_view item : items) items_.emplace_back(std::string(item));
    }

    static OptionValue list(std::vector<OptionValue> items) {
        OptionValue value("");
        value.is_list_ = true;
        value.items_ = std::move(items);
        return value;
    }
    static OptionValue mapping(std::vector<Member> members);

    bool is_list() const { return is_list_; }
    bool is_mapping() const { return is_mapping_; }
    bool is_scalar() const { return !is_list_ && !is_mapping_; }
    const std::string& text() const { return text_; }
    /// Of a list, and the values of a mapping.
    const std::vector<OptionValue>& items() const { return items_; }
    /// Of a mapping, in the order of items().
    const std::vector<std::string>& keys() const { return keys_; }

private:
    template <class T>
    static std::string written(T value) {
        char text[32];
        return {text, std::to_chars(text, text + sizeof text, value).ptr};
    }

    std::string text_;
    bool is_list_ = false;
    bool is_mapping_ = false;
    std::vector<std::string> keys_;
    std::vector<OptionValue> items_;
};

/// The `options:` of a unit: `{{"mark", "!!"}, {"patience", "30s"}, {"hosts", {"a", "b"}}}`.
using OptionValues = std::vector<OptionValue::Member>;

inline OptionValue OptionValue::mapping(std::vector<Member> members) {
    OptionValue value("");
    value.is_mapping_ = true;
    for (auto& [key, member] : members) {
        value.keys_.push_back(std::move(key));
        value.items_.push_back(std::move(member));
    }
    return value;
}

}  // namespace protohost::testing

// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <protohost/abi.h>
#include <protohost/detail/context.hpp>
#include <protohost/detail/testing/guard.hpp>
#include <protohost/detail/testing/option_node.hpp>

namespace protohost::detail::testing {

inline ph_status refuse(std::string text) {
    failure().text = std::move(text);
    return PH_E_INVAL;
}

/// Reads a value of this type with `parse`, or says what it is instead.
template <class Out, class Parse>
ph_status read_option(const ph_node* handle, std::uint32_t type, Out* out, Parse&& parse) {
    if (handle == nullptr) return refuse("asked for the value of an absent option");
    const OptionNode& node = *OptionNode::of(handle);
    if (std::string wrong = complaint(node, type); !wrong.empty()) return refuse(std::move(wrong));
    *out = parse(node.text);
    return PH_OK;
}

inline ph_config_api config_table() {
    ph_config_api api{};
    api.size = sizeof api;
    api.get = [](ph_ctx*, const ph_node* node, ph_str key) {
        const OptionNode* found =
            node == nullptr ? nullptr : OptionNode::of(node)->find(from_abi(key));
        return found == nullptr ? nullptr : found->handle();
    };
    api.at = [](ph_ctx*, const ph_node* node, std::size_t index) {
        const bool past = node == nullptr || index >= OptionNode::of(node)->items.size();
        return past ? nullptr : OptionNode::of(node)->items[index].handle();
    };
    api.count = [](ph_ctx*, const ph_node* node) {
        return node == nullptr ? 0 : OptionNode::of(node)->items.size();
    };
    api.key_at = [](ph_ctx*, const ph_node* node, std::size_t index) {
        const bool past = node == nullptr || index >= OptionNode::of(node)->keys.size();
        return past ? ph_str{nullptr, 0} : to_abi(OptionNode::of(node)->keys[index]);
    };
    api.as_string = [](ph_ctx*, const ph_node* node, ph_str* out) {
        return read_option(
            node, PH_OPTION_STRING, out, [](const std::string& text) { return to_abi(text); });
    };
    api.as_integer = [](ph_ctx*, const ph_node* node, std::int64_t* out) {
        return read_option(node, PH_OPTION_INTEGER, out, [](const std::string& text) {
            return parse_integer(text).value();
        });
    };
    api.as_number = [](ph_ctx*, const ph_node* node, double* out) {
        return read_option(node, PH_OPTION_NUMBER, out, [](const std::string& text) {
            return parse_number(text).value();
        });
    };
    api.as_boolean = [](ph_ctx*, const ph_node* node, std::int32_t* out) {
        return read_option(node, PH_OPTION_BOOLEAN, out, [](const std::string& text) {
            return parse_boolean(text).value() ? 1 : 0;
        });
    };
    api.as_duration = [](ph_ctx*, const ph_node* node, std::uint64_t* out) {
        return read_option(node, PH_OPTION_DURATION, out, [](const std::string& text) {
            return parse_duration(text).value();
        });
    };
    api.as_size = [](ph_ctx*, const ph_node* node, std::uint64_t* out) {
        return read_option(node, PH_OPTION_SIZE, out, [](const std::string& text) {
            return parse_size(text).value();
        });
    };
    api.reject = [](ph_ctx*, const ph_node* node, ph_str why) {
        const std::string text(from_abi(why));
        return refuse(node == nullptr ? text : OptionNode::of(node)->path + ": " + text);
    };
    return api;
}

}  // namespace protohost::detail::testing

// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <protohost/abi.h>
#include <protohost/detail/context.hpp>
#include <protohost/detail/testing/quantity.hpp>
#include <protohost/testing/options.hpp>

namespace protohost::detail::testing {

using protohost::testing::OptionValue;
using protohost::testing::OptionValues;

/// What the border calls a ph_node.
struct OptionNode {
    enum class Kind { scalar, list, mapping };

    Kind kind = Kind::scalar;
    std::string path;  ///< "options.hosts[0]": what messages call it
    std::string text;
    bool quoted = false;  ///< a string, whatever it looks like
    std::vector<std::string> keys;
    std::vector<OptionNode> items;

    const ph_node* handle() const { return reinterpret_cast<const ph_node*>(this); }
    static const OptionNode* of(const ph_node* node) {
        return reinterpret_cast<const OptionNode*>(node);
    }
    const OptionNode* find(std::string_view key) const {
        for (std::size_t i = 0; i < keys.size(); ++i) {
            if (keys[i] == key) return &items[i];
        }
        return nullptr;
    }
    void settle(std::string new_path) {
        path = std::move(new_path);
        for (std::size_t i = 0; i < items.size(); ++i) {
            items[i].settle(kind == Kind::mapping ? path + "." + keys[i]
                                                  : path + "[" + std::to_string(i) + "]");
        }
    }
};

inline OptionNode to_node(const OptionValue& value) {
    OptionNode node;
    node.kind = value.is_list()      ? OptionNode::Kind::list
                : value.is_mapping() ? OptionNode::Kind::mapping
                                     : OptionNode::Kind::scalar;
    node.text = value.text();
    node.keys = value.keys();
    for (const OptionValue& item : value.items()) node.items.push_back(to_node(item));
    return node;
}

/// What is wrong with `node` as a value of this type; empty: nothing.
inline std::string complaint(const OptionNode& node, std::uint32_t type) {
    const auto expected = [&](bool fits, const char* what) {
        if (fits) return std::string();
        const std::string found = node.kind == OptionNode::Kind::scalar ? '"' + node.text + '"'
                                  : node.kind == OptionNode::Kind::list ? "a list"
                                                                        : "a mapping";
        return node.path + ": expected " + what + ", found " + found;
    };
    const bool scalar = node.kind == OptionNode::Kind::scalar;
    const bool plain = scalar && !node.quoted;
    switch (type) {
        case PH_OPTION_STRING:
            return expected(scalar, "a string");
        case PH_OPTION_INTEGER:
            return expected(plain && parse_integer(node.text), "a whole number");
        case PH_OPTION_NUMBER:
            return expected(plain && parse_number(node.text), "a number");
        case PH_OPTION_BOOLEAN:
            return expected(plain && parse_boolean(node.text), "true or false");
        case PH_OPTION_DURATION:
            return expected(scalar && parse_duration(node.text), "a duration such as 30s");
        case PH_OPTION_SIZE:
            return expected(scalar && parse_size(node.text), "a size such as 64KiB");
        case PH_OPTION_LIST: {
            std::string wrong = expected(node.kind == OptionNode::Kind::list, "a list of strings");
            for (const OptionNode& item : node.items) {
                if (wrong.empty()) wrong = complaint(item, PH_OPTION_STRING);
            }
            return wrong;
        }
        default:
            return {};
    }
}

}  // namespace protohost::detail::testing

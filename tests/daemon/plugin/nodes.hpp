// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "daemon/model/node.hpp"

namespace protohost::plugin::testing {

inline model::Node scalar(std::string text, bool quoted = false) {
    model::Node node;
    node.kind = model::Node::Kind::scalar;
    node.text = std::move(text);
    node.quoted = quoted;
    return node;
}

inline model::Node list(std::vector<model::Node> items) {
    model::Node node;
    node.kind = model::Node::Kind::sequence;
    node.items = std::move(items);
    return node;
}

/// `options:` of a listener "web", in web.yaml from line 10; each member on the next line.
inline model::Node options(std::vector<std::pair<std::string, model::Node>> members) {
    model::Node node;
    node.kind = model::Node::Kind::mapping;
    node.place = {"web.yaml", 10, 5};
    node.path = "listeners.web.options";
    int line = 10;
    for (auto& [key, value] : members) {
        ++line;
        value.path = node.path + "." + key;
        value.place = {"web.yaml", line, 20};
        for (std::size_t i = 0; i < value.items.size(); ++i) {
            value.items[i].path = value.path + "[" + std::to_string(i) + "]";
            value.items[i].place = {"web.yaml", line, 21 + static_cast<int>(i)};
        }
        node.members.push_back({key, {"web.yaml", line, 7}, std::move(value)});
    }
    return node;
}

}  // namespace protohost::plugin::testing

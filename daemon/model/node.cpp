// SPDX-License-Identifier: MIT
#include "daemon/model/node.hpp"

#include <algorithm>

namespace protohost::model {

const Node* Node::find(std::string_view key) const {
    const auto found = std::find_if(
        members.begin(), members.end(), [&](const Member& member) { return member.key == key; });
    return found == members.end() ? nullptr : &found->value;
}

// The path is left out as the place is: the same options mean the same under another unit's name.
// What a plugin makes of them is no part of the value.
bool Node::operator==(const Node& other) const {
    return kind == other.kind && text == other.text && quoted == other.quoted &&
           items == other.items && members == other.members;
}

std::string_view describe(const Node& node) {
    switch (node.kind) {
        case Node::Kind::null:
            return "nothing";
        case Node::Kind::scalar:
            return "a string";
        case Node::Kind::sequence:
            return "a list";
        case Node::Kind::mapping:
            return "a mapping";
    }
    return "nothing";
}

}  // namespace protohost::model

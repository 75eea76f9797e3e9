// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/model/place.hpp"

namespace protohost::model {

struct Member;

/// A configuration value before anyone has said what it must be: the tree that YAML text becomes.
/// Plugin options stay in this shape until the plugin's declaration gives them types.
struct Node {
    enum class Kind { null, scalar, sequence, mapping };

    Kind kind = Kind::null;
    /// Of a scalar. `quoted` scalars are strings, whatever they look like.
    std::string text;
    bool quoted = false;
    std::vector<Node> items;
    std::vector<Member> members;
    Place place;
    /// The full path of the key, "listeners.echo.options.greeting".
    std::string path;
    /// Of a plugin's option: what it is declared as and has been found to be, "size", so that only
    /// the plugin can misread it. Empty elsewhere. A literal's.
    std::string_view declared;
    /// Of a plugin's option: nobody wrote it, it is the plugin's own default.
    bool is_default = false;

    /// nullptr where this is no mapping or has no such key.
    const Node* find(std::string_view key) const;

    bool operator==(const Node& other) const;
};

/// One `key: value` of a mapping, in the order of the file.
struct Member {
    std::string key;
    Place key_place;
    Node value;

    bool operator==(const Member&) const = default;
};

/// "a list", "a mapping", "a string": what a message calls it.
std::string_view describe(const Node& node);

}  // namespace protohost::model

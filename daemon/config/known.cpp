// SPDX-License-Identifier: MIT
#include "daemon/config/known.hpp"

#include <algorithm>
#include <utility>

#include "daemon/model/value.hpp"

namespace protohost::config {
namespace {

using model::Node;

void assign_paths(Node& node, const std::string& path) {
    node.path = path;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        assign_paths(node.items[i], model::path_to(path, i));
    }
    for (model::Member& member : node.members) {
        assign_paths(member.value, model::path_to(path, member.key));
    }
}

/// The manual's marks around code say nothing where all is code.
std::string without_marks(std::string_view text) {
    std::string plain(text);
    std::erase(plain, '`');
    return plain;
}

}  // namespace

Known& Known::at(const keys::Key& member) {
    const auto found = std::find_if(members.begin(), members.end(), [&](const Known& candidate) {
        return candidate.name == member.name;
    });
    if (found != members.end()) return *found;
    return members.emplace_back(Known{member, std::string(member.name)});
}

Known& Known::add(const std::string& member) {
    return members.emplace_back(Known{{}, member});
}

Node effective(const Known& known, std::string path) {
    Node node;
    if (known.value) {
        node = *known.value;
        if (node.kind == Node::Kind::null) node.text = without_marks(known.key.absent);
        assign_paths(node, path);
        return node;
    }
    node.kind = Node::Kind::mapping;
    node.path = std::move(path);
    node.place = known.place;
    node.is_default = known.place.file.empty();
    for (const Known& member : known.members) {
        node.members.push_back(
            {member.name, {}, effective(member, model::path_to(node.path, member.name))});
    }
    if (known.is_table) {
        std::sort(node.members.begin(), node.members.end(), [](const auto& a, const auto& b) {
            return a.key < b.key;
        });
    }
    return node;
}

}  // namespace protohost::config

// SPDX-License-Identifier: MIT
#include "daemon/config/json.hpp"

#include "daemon/config/writers.hpp"

namespace protohost::config::json {

using model::Node;

Node text(std::string_view text) {
    return write_word(text);
}

Node number(std::int64_t number) {
    Node node = write_word(std::to_string(number));
    node.declared = "integer";
    return node;
}

Node boolean(bool value) {
    return write_boolean(value);
}

Node list(std::vector<Node> items) {
    Node node;
    node.kind = Node::Kind::sequence;
    node.items = std::move(items);
    return node;
}

Node texts(const std::vector<std::string_view>& texts) {
    Node node = list({});
    for (const std::string_view item : texts) node.items.push_back(text(item));
    return node;
}

Node object(std::initializer_list<std::pair<std::string_view, Node>> members) {
    Node node;
    node.kind = Node::Kind::mapping;
    for (const auto& [key, value] : members) put(node, key, value);
    return node;
}

void put(Node& object, std::string_view key, Node value) {
    object.members.push_back({std::string(key), {}, std::move(value)});
}

Node closed_mapping(Node properties, Node required) {
    Node shape = object({{"type", texts({"object", "null"})},
                         {"additionalProperties", boolean(false)},
                         {"properties", std::move(properties)}});
    if (required.items.empty()) return shape;
    shape.members[0].value = text("object");
    put(shape, "required", std::move(required));
    return shape;
}

}  // namespace protohost::config::json

// SPDX-License-Identifier: MIT
#include "daemon/config/protocol_shapes.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "daemon/config/json.hpp"
#include "daemon/config/keys.hpp"
#include "daemon/config/shapes.hpp"

namespace protohost::config {
namespace {

using model::Node;

/// ":" is in no name.
std::string definition_of(const DeclaredProtocol& protocol) {
    return "options:" + protocol.plugin + ":" + protocol.factory;
}

Node shape_of(const std::string& type) {
    if (type == "string") return text_shape();
    if (type == "integer") return json::object({{"type", json::text("integer")}});
    if (type == "number") return json::object({{"type", json::text("number")}});
    if (type == "boolean") return boolean_shape();
    if (type == "duration") return duration_shape();
    if (type == "size") return size_shape();
    if (type == "list") {
        return json::object({{"type", json::text("array")}, {"items", text_shape()}});
    }
    return json::object();
}

Node options_of(const DeclaredProtocol& protocol) {
    Node properties = json::object();
    Node required = json::list({});
    for (const DeclaredOption& option : protocol.options) {
        Node shape = shape_of(option.type);
        if (!option.help.empty()) json::put(shape, "description", json::text(option.help));
        if (auto value = default_of(option)) json::put(shape, "default", std::move(*value));
        json::put(properties, option.key, std::move(shape));
        if (option.required) required.items.push_back(json::text(option.key));
    }
    return json::closed_mapping(std::move(properties), std::move(required));
}

bool has_required(const DeclaredProtocol& protocol) {
    return std::any_of(protocol.options.begin(), protocol.options.end(), [](const auto& option) {
        return option.required;
    });
}

Node* member(Node& object, std::string_view key) {
    for (model::Member& candidate : object.members) {
        if (candidate.key == key) return &candidate.value;
    }
    return nullptr;
}

}  // namespace

Node ProtocolShapes::definitions() const {
    Node all = json::object();
    for (const DeclaredProtocol& protocol : protocols_) {
        json::put(all, definition_of(protocol), options_of(protocol));
    }
    return all;
}

void ProtocolShapes::add_to(Node& unit, std::string_view kind) const {
    if (protocols_.empty()) return;
    const keys::Key& protocol_key = keys::unit::protocol;
    const keys::Key& options_key = keys::unit::options;
    Node& shape = *member(*member(unit, "properties"), protocol_key);
    Node description = *member(shape, "description");
    std::erase_if(shape.members, [](const auto& said) { return said.key == "description"; });
    Node choice = json::object({{"enum", names(kind, true)}});
    shape = json::object({{"anyOf", json::list({std::move(choice), std::move(shape)})},
                          {"description", std::move(description)}});
    if (Node others = names(kind, false); !others.items.empty()) {
        json::put(shape, "not", json::object({{"enum", std::move(others)}}));
    }
    Node rules = json::list({});
    for (const DeclaredProtocol& protocol : protocols_) {
        Node spoken = json::list({});
        for (const std::string& name : names_of(protocol, protocols_)) {
            spoken.items.push_back(json::text(name));
        }
        Node condition = json::object(
            {{"properties",
              json::object({{protocol_key, json::object({{"enum", std::move(spoken)}})}})},
             {"required", json::texts({protocol_key})}});
        Node options =
            json::object({{"$ref", json::text("#/definitions/" + definition_of(protocol))}});
        Node consequence =
            json::object({{"properties", json::object({{options_key, std::move(options)}})}});
        if (has_required(protocol)) {
            json::put(consequence, "required", json::texts({options_key}));
        }
        rules.items.push_back(
            json::object({{"if", std::move(condition)}, {"then", std::move(consequence)}}));
    }
    json::put(unit, "allOf", std::move(rules));
}

Node ProtocolShapes::names(std::string_view kind, bool fit) const {
    Node all = json::list({});
    for (const DeclaredProtocol& protocol : protocols_) {
        if ((kind.empty() || protocol.kind == kind) != fit) continue;
        for (const std::string& name : names_of(protocol, protocols_))
            all.items.push_back(json::text(name));
    }
    return all;
}

}  // namespace protohost::config

// SPDX-License-Identifier: MIT
#include "daemon/config/schema.hpp"

#include <algorithm>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "daemon/config/decode.hpp"
#include "daemon/config/json.hpp"
#include "daemon/config/keys.hpp"
#include "daemon/config/known.hpp"
#include "daemon/config/load_yaml.hpp"
#include "daemon/config/protocol_shapes.hpp"
#include "daemon/config/shapes.hpp"
#include "daemon/config/write_json.hpp"

namespace protohost::config {
namespace {

using model::Node;

/// Makes the decoder ask for every key that there is: one name in every table, an item in every
/// list of sections, and a unit for each key of which it has one, named as that key.
constexpr const char* specimen = R"(
plugins: {modules: {NAME: {}}}
log: {areas: {NAME: info}}
listeners: {NAME: {proxy_protocol: {}, tls: {certificates: [{}]}}}
endpoints:
  connect: {connect: , tls: {}}
  bind: {bind: , socket: {multicast: [{}]}}
  read: {read: }
  write: {write: }
subprocesses:
  command: {command: , protocol: , ready: {connect: }}
  shell: {shell: , protocol: , ready: {connect: }}
)";

Known decode_specimen() {
    Report report;  // much is missing in it
    Known known;
    const auto root = load_yaml("", specimen, report);
    decode(*root, report, &known);
    return known;
}

/// As a person would write it.
Node written(Node value) {
    if (value.declared == "size" || value.declared == "duration") {
        value.declared = value.text == "0" ? "integer" : "string";
    }
    for (Node& item : value.items) item = written(item);
    return value;
}

void describe(Node& shape, const Known& known) {
    std::string text(known.key.meaning);
    if (!known.key.absent.empty()) text += ". By default " + std::string(known.key.absent);
    if (!text.empty()) json::put(shape, "description", json::text(text));
    const bool fallback = known.value && known.value->is_default && !known.is_required;
    if (fallback && known.value->kind != Node::Kind::null) {
        json::put(shape, "default", written(*known.value));
    }
}

/// What a unit takes that opens `key`; empty: any.
std::string_view kind_for(std::string_view key) {
    if (key == keys::endpoint::connect.name) return "";  // the address decides
    const bool process =
        key == keys::subprocess::command.name || key == keys::subprocess::shell.name;
    if (process) return "subprocess";
    return key == keys::endpoint::bind.name ? "datagram" : "stream";
}

class Shapes {
public:
    explicit Shapes(const ProtocolShapes& protocols) : protocols_(protocols) {}

    Node of(const Known& known) const {
        Node shape = without_description(known);
        describe(shape, known);
        return shape;
    }

private:
    Node without_description(const Known& known) const {
        if (known.is_table) return table(known);
        if (known.is_list) return list(known);
        if (known.value) return known.shape();
        if (known.word.empty()) return section(known);
        Node word = json::object({{"const", json::text(known.word)}});
        return json::object({{"anyOf", json::list({std::move(word), section(known)})}});
    }

    Node table(const Known& known) const {
        if (known.members.empty()) {
            throw std::logic_error("the specimen has no name in " + known.name);
        }
        const Known& first = known.members.front();
        Node entry = known.members.size() == 1 ? this->entry(first) : choice(known);
        return json::object({{"type", json::texts({"object", "null"})},
                             {"propertyNames", name_shape()},
                             {"additionalProperties", std::move(entry)}});
    }

    Node entry(const Known& known) const {
        Node shape = of(known);
        const bool is_unit =
            std::any_of(known.members.begin(), known.members.end(), [](const Known& member) {
                return member.name == keys::unit::protocol.name;
            });
        if (is_unit) protocols_.add_to(shape, kind_for(known.name));
        return shape;
    }

    /// Of the keys that the entries are named as, one is there, and it decides what else may be.
    Node choice(const Known& known) const {
        Node keys = json::object();
        Node rules = json::list({});
        Node one = json::list({});
        for (const Known& alternative : known.members) {
            const Node required = json::object({{"required", json::texts({alternative.name})}});
            one.items.push_back(required);
            rules.items.push_back(json::object({{"if", required}, {"then", entry(alternative)}}));
            for (const Known& member : alternative.members) {
                if (member.name != alternative.name) continue;
                json::put(keys,
                          member.name,
                          json::object({{"description", json::text(member.key.meaning)}}));
            }
        }
        return json::object({{"type", json::text("object")},
                             {"properties", std::move(keys)},
                             {"oneOf", std::move(one)},
                             {"allOf", std::move(rules)}});
    }

    Node list(const Known& known) const {
        Node item = json::object({{"anyOf", json::list({known.shape(), section(known)})}});
        return json::object({{"type", json::text("array")}, {"items", std::move(item)}});
    }

    Node section(const Known& known) const {
        Node properties = json::object();
        Node required = json::list({});
        for (const Known& member : known.members) {
            json::put(properties, member.name, of(member));
            if (member.is_required) required.items.push_back(json::text(member.name));
        }
        return json::closed_mapping(std::move(properties), std::move(required));
    }

    const ProtocolShapes& protocols_;
};

}  // namespace

std::string schema(const std::vector<DeclaredProtocol>& protocols) {
    const ProtocolShapes shapes(protocols);
    Node root = json::object({{"$schema", json::text("http://json-schema.org/draft-07/schema#")},
                              {"title", json::text("The configuration of protohostd")},
                              {"definitions", shapes.definitions()}});
    Node section = Shapes(shapes).of(decode_specimen());
    section.members[0].value = json::text("object");  // an empty file is an error
    for (model::Member& member : section.members) root.members.push_back(std::move(member));
    return to_json(root, true) + '\n';
}

}  // namespace protohost::config

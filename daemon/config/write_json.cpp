// SPDX-License-Identifier: MIT
#include "daemon/config/write_json.hpp"

#include <string_view>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/base/utf8.hpp"
#include "daemon/config/write_yaml.hpp"
#include "daemon/config/writers.hpp"
#include "daemon/model/quantity.hpp"

namespace protohost::config {
namespace {

using model::Node;

std::string quoted(std::string_view text) {
    std::string out = "\"";
    while (!text.empty()) {
        const std::string_view before = text;
        const auto code = base::take_code_point(text);
        if (!code) {
            out += "\xEF\xBF\xBD";  // U+FFFD
        } else if (*code == U'"' || *code == U'\\') {
            out += '\\';
            out += before[0];
        } else if (*code < 0x20 || *code == 0x7F) {
            out += base::format("\\u{:04x}", static_cast<unsigned>(*code));
        } else {
            out += before.substr(0, before.size() - text.size());
        }
    }
    return out + '"';
}

/// Empty where it is none.
std::string number(const Node& node) {
    if (const auto integer = model::parse_integer(node.text)) return std::to_string(*integer);
    const auto value = model::parse_number(node.text);
    return value ? write_number(*value).text : std::string();
}

std::string scalar(const Node& node) {
    const std::string_view type = node.declared;
    const bool undeclared = !node.quoted && (type.empty() || type == "any");
    std::string text;
    if (undeclared || type == "boolean") {
        const auto value = model::parse_boolean(node.text);
        if (value) text = *value ? "true" : "false";
    }
    if (text.empty() && (undeclared || type == "integer" || type == "number")) text = number(node);
    if (type == "size") {
        const auto bytes = model::parse_size(node.text);
        if (bytes) text = std::to_string(*bytes);
    }
    return text.empty() ? quoted(node.text) : text;
}

class Text {
public:
    explicit Text(bool pretty) : pretty_(pretty) {}

    void add(const Node& node, std::size_t depth) {
        switch (node.kind) {
            case Node::Kind::null:
                out_ += "null";
                break;
            case Node::Kind::scalar:
                out_ += scalar(node);
                break;
            case Node::Kind::sequence:
                add_items(node, depth + 1);
                break;
            case Node::Kind::mapping:
                add_members(node, depth + 1);
                break;
        }
    }

    std::string take() { return std::move(out_); }

private:
    void add_items(const Node& list, std::size_t depth) {
        out_ += '[';
        for (const Node& item : list.items) {
            begin(&item == list.items.data(), depth);
            add(item, depth);
        }
        end(list.items.empty(), depth);
        out_ += ']';
    }

    void add_members(const Node& mapping, std::size_t depth) {
        out_ += '{';
        for (const model::Member& member : mapping.members) {
            begin(&member == mapping.members.data(), depth);
            out_ += quoted(member.key) + (pretty_ ? ": " : ":");
            add(member.value, depth);
        }
        end(mapping.members.empty(), depth);
        out_ += '}';
    }

    void begin(bool first, std::size_t depth) {
        if (!first) out_ += ',';
        break_line(depth);
    }

    void end(bool empty, std::size_t depth) {
        if (!empty) break_line(depth - 1);
    }

    void break_line(std::size_t depth) {
        if (!pretty_) return;
        out_ += '\n';
        out_.append(2 * depth, ' ');
    }

    bool pretty_;
    std::string out_;
};

void add_origins(const Node& value, Node& origins) {
    const bool whole = value.items.empty() && value.members.empty();
    if (whole) origins.members.push_back({value.path, {}, write_text(origin_of(value))});
    for (const Node& item : value.items) add_origins(item, origins);
    for (const model::Member& member : value.members) add_origins(member.value, origins);
}

}  // namespace

std::string to_json(const Node& tree, bool pretty) {
    Text text(pretty);
    text.add(tree, 0);
    return text.take();
}

Node origins_of(const Node& tree) {
    Node origins;
    origins.kind = Node::Kind::mapping;
    add_origins(tree, origins);
    return origins;
}

}  // namespace protohost::config

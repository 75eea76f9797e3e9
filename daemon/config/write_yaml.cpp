// SPDX-License-Identifier: MIT
#include "daemon/config/write_yaml.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/utf8.hpp"

namespace protohost::config {
namespace {

using model::Node;

constexpr std::size_t longest_flow = 72;
constexpr std::size_t farthest_comment = 48;

enum class Context { block, flow };

/// Whether the text without quotation marks is that same scalar.
bool is_plain(std::string_view text, Context context) {
    constexpr std::array others{"", "~", "null", "Null", "NULL", "<<"};
    if (std::find(others.begin(), others.end(), text) != others.end()) return false;
    if (std::string_view("?:,[]{}#&*!|>'\"%@`").find(text[0]) != text.npos) return false;
    const bool dash = text[0] == '-' && (text.size() == 1 || text[1] == ' ');
    if (dash || text[0] == ' ' || text.back() == ' ' || text.back() == ':') return false;
    if (text.find(": ") != text.npos || text.find(" #") != text.npos) return false;
    if (context == Context::flow && text.find_first_of(",[]{}") != text.npos) return false;
    return base::printable(text) == text;
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of("\"\\"), text.size());
        out += base::printable(text.substr(0, end));
        text.remove_prefix(end);
        if (text.empty()) break;
        out += '\\';
        out += text[0];
        text.remove_prefix(1);
    }
    return out + '"';
}

std::string scalar(std::string_view text, bool keep_quoted, Context context) {
    return keep_quoted || !is_plain(text, context) ? quoted(text) : std::string(text);
}

bool is_empty(const Node& node) {
    return node.items.empty() && node.members.empty();
}

std::string flow(const Node& node) {
    std::string out;
    const auto separate = [&] { out += out.size() > 1 ? ", " : ""; };
    switch (node.kind) {
        case Node::Kind::null:
            return "null";
        case Node::Kind::scalar:
            return scalar(node.text, node.quoted, Context::flow);
        case Node::Kind::sequence:
            out = "[";
            for (const Node& item : node.items) {
                separate();
                out += flow(item);
            }
            return out + "]";
        case Node::Kind::mapping:
            out = "{";
            for (const model::Member& member : node.members) {
                separate();
                out += scalar(member.key, false, Context::flow) + ": " + flow(member.value);
            }
            return out + "}";
    }
    return out;
}

/// Whether all of it was written in that one line, or nowhere.
bool is_of_line(const Node& node, const Node& whole) {
    const bool here = node.is_default == whole.is_default && node.place.line == whole.place.line &&
                      node.place.file == whole.place.file;
    return here &&
           std::all_of(node.items.begin(),
                       node.items.end(),
                       [&](const Node& item) { return is_of_line(item, whole); }) &&
           std::all_of(node.members.begin(), node.members.end(), [&](const model::Member& member) {
               return is_of_line(member.value, whole);
           });
}

class Text {
public:
    void add_members(const Node& mapping, const std::string& indent) {
        for (const model::Member& member : mapping.members) {
            const Node& value = member.value;
            const bool nothing = value.kind == Node::Kind::null && value.is_default;
            std::string head = indent + (nothing ? "# " : "");
            head += scalar(member.key, false, Context::block) + ":";
            if (nothing) {
                if (!value.text.empty()) head += ' ' + value.text;
                add(std::move(head), value);
            } else {
                add_value(head, value, indent + "  ", false);
            }
        }
    }

    std::string finish() const {
        std::size_t column = 0;
        for (const auto& [text, comment] : lines_) {
            if (text.size() <= farthest_comment) column = std::max(column, text.size() + 2);
        }
        std::string out;
        for (const auto& [text, comment] : lines_) {
            out += text;
            if (!comment.empty()) {
                out.append(std::max(text.size() + 2, column) - text.size(), ' ');
                out += "# " + comment;
            }
            out += '\n';
        }
        return out;
    }

private:
    struct Line {
        std::string text;
        std::string comment;
    };

    /// `head` is "key:" or "-"; what does not fit behind it follows below, indented.
    void add_value(const std::string& head,
                   const Node& value,
                   const std::string& indent,
                   bool is_item) {
        const bool mapping = value.kind == Node::Kind::mapping;
        if (value.kind == Node::Kind::scalar) {
            add(head + " " + scalar(value.text, value.quoted, Context::block), value);
        } else if (is_empty(value) || ((is_item || !mapping) && fits_in_line(value))) {
            add(head + " " + flow(value), value);
        } else {
            lines_.push_back({head, ""});
            add_members(value, indent);
            for (const Node& item : value.items) add_value(indent + "-", item, indent + "  ", true);
        }
    }

    static bool fits_in_line(const Node& node) {
        return is_of_line(node, node) && flow(node).size() <= longest_flow;
    }

    void add(std::string text, const Node& value) {
        lines_.push_back({std::move(text), base::printable(origin_of(value))});
    }

    std::vector<Line> lines_;
};

}  // namespace

std::string to_yaml(const Node& tree) {
    if (tree.kind != Node::Kind::mapping || tree.members.empty()) return flow(tree) + '\n';
    Text text;
    text.add_members(tree, "");
    return text.finish();
}

std::string origin_of(const Node& value) {
    return value.is_default ? "default" : model::to_string(value.place);
}

}  // namespace protohost::config

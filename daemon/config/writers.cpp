// SPDX-License-Identifier: MIT
#include "daemon/config/writers.hpp"

#include <array>
#include <charconv>
#include <utility>

#include "daemon/model/quantity.hpp"

namespace protohost::config {
namespace {

using model::Node;

Node scalar(std::string text, std::string_view declared) {
    Node node;
    node.kind = Node::Kind::scalar;
    node.text = std::move(text);
    node.declared = declared;
    return node;
}

Node located(Node node, const model::Place& place) {
    node.place = place;
    return node;
}

}  // namespace

Node write_node(const Node& node) {
    return node;
}

Node write_text(const std::string& text) {
    return scalar(text, "string");
}

Node write_word(std::string_view word) {
    return scalar(std::string(word), "string");
}

Node write_boolean(const bool& value) {
    return scalar(value ? "true" : "false", "boolean");
}

Node write_count(const std::uint64_t& value) {
    return scalar(std::to_string(value), "integer");
}

Node write_number(const double& value) {
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    return scalar(std::string(text.data(), end), "number");
}

Node write_size(const std::uint64_t& bytes) {
    return scalar(model::format_size(bytes), "size");
}

Node write_duration(const std::chrono::nanoseconds& duration) {
    return scalar(model::format_duration(duration), "duration");
}

Node write_path(const model::Located<std::string>& path) {
    return located(write_text(path.value), path.place);
}

Node write_address(const model::Located<model::Address>& address) {
    return located(write_text(model::to_string(address.value)), address.place);
}

Node write_account(const model::Located<model::Account>& account) {
    return located(write_text((account.value.is_group ? "@" : "") + account.value.name),
                   account.place);
}

}  // namespace protohost::config

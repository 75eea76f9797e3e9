// SPDX-License-Identifier: MIT
#include "daemon/config/shapes.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/json.hpp"
#include "daemon/model/address.hpp"
#include "daemon/model/quantity.hpp"
#include "daemon/model/signal_names.hpp"

namespace protohost::config {
namespace {

using model::Node;

constexpr std::string_view name_pattern = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}";
constexpr std::string_view user_pattern = "[^@: \\t\\n\\u0000][^: \\t\\n\\u0000]*";

Node pattern(const std::string& text) {
    return json::object(
        {{"type", json::text("string")}, {"pattern", json::text("^(" + text + ")$")}});
}

Node whole_number(std::int64_t least) {
    return json::object({{"type", json::text("integer")}, {"minimum", json::number(least)}});
}

Node whole_number(std::int64_t least, std::int64_t most) {
    Node shape = whole_number(least);
    json::put(shape, "maximum", json::number(most));
    return shape;
}

Node any_of(std::vector<Node> shapes) {
    return json::object({{"anyOf", json::list(std::move(shapes))}});
}

Node list_of(Node shape) {
    return json::object({{"type", json::text("array")}, {"items", std::move(shape)}});
}

std::string one_of(const std::vector<std::string_view>& words) {
    std::string all;
    for (const std::string_view word : words) {
        all += all.empty() ? '(' : '|';
        all += word;
    }
    return all + ')';
}

/// At least one digit that is not zero.
constexpr std::string_view above_zero = "(?=.*[1-9])";

Node size(std::int64_t least, std::string_view condition) {
    return any_of({whole_number(least),
                   pattern(std::string(condition) + "[0-9]+" + one_of(model::size_unit_names()))});
}

Node duration(std::string_view condition) {
    return pattern(std::string(condition) + "[0-9]+(\\.[0-9]+)?" +
                   one_of(model::duration_unit_names()));
}

}  // namespace

Node any_shape() {
    return json::object();
}

Node boolean_shape() {
    return json::object({{"type", json::text("boolean")}});
}

Node count_shape() {
    return whole_number(0, std::numeric_limits<std::int32_t>::max());
}

Node count_above_zero_shape() {
    return whole_number(1, std::numeric_limits<std::int32_t>::max());
}

Node fraction_shape() {
    return json::object({{"type", json::text("number")},
                         {"minimum", json::number(0)},
                         {"maximum", json::number(1)}});
}

Node size_shape() {
    return size(0, "");
}

Node size_above_zero_shape() {
    return size(1, above_zero);
}

Node duration_shape() {
    return any_of({json::object({{"const", json::number(0)}}), pattern("0"), duration("")});
}

Node duration_above_zero_shape() {
    return duration(above_zero);
}

Node path_shape() {
    return pattern("/[^\\u0000]*");
}

Node socket_path_shape() {
    Node shape = path_shape();
    json::put(shape, "maxLength", json::number(model::longest_unix_path));
    return shape;
}

Node paths_shape() {
    return list_of(path_shape());
}

Node pipe_shape() {
    return pattern("/[^\\u0000]*|fd:0*([3-9]|[1-9][0-9]+)");
}

Node protocol_shape() {
    const std::string name(name_pattern);
    return pattern("(?!.*\\.so$)" + name + "(/" + name + ")?");
}

Node options_shape() {
    return json::object({{"type", json::texts({"object", "null"})}});
}

Node mode_shape() {
    // 0660 without quotation marks is the number 660: the digits are octal, and the first is lost.
    return any_of({pattern("0+[0-7]{0,3}"), whole_number(0, 777)});
}

Node account_shape() {
    return any_of(
        {pattern(std::string(user_pattern)), json::object({{"type", json::text("integer")}})});
}

Node accounts_shape() {
    Node shape = list_of(any_of({pattern("@?" + std::string(user_pattern)),
                                 json::object({{"type", json::text("integer")}})}));
    json::put(shape, "uniqueItems", json::boolean(true));
    return shape;
}

Node multicast_group_shape() {
    return pattern("(22[4-9]|23[0-9])(\\.[0-9]{1,3}){3}|[Ff][Ff][0-9A-Fa-f]{2}:[0-9A-Fa-f:.]+");
}

Node interface_shape() {
    return pattern("[^/ \\t\\n\\u0000]{1,15}");
}

// What YAML takes for something else is still a text where one is wanted.
Node text_shape() {
    return json::object({{"type", json::texts({"string", "number", "boolean"})}});
}

Node command_shape() {
    Node shape = list_of(text_shape());
    json::put(shape, "minItems", json::number(1));
    return shape;
}

Node shell_shape() {
    Node shape = text_shape();
    json::put(shape, "pattern", json::text("[^ \\t\\n]"));
    return shape;
}

Node environment_shape() {
    return json::object(
        {{"type", json::texts({"object", "null"})},
         {"propertyNames",
          pattern("(?!(NOTIFY_SOCKET|LISTEN_FDS|LISTEN_PID|LISTEN_FDNAMES|WATCHDOG_USEC|"
                  "WATCHDOG_PID)$)[^=\\u0000]+")},
         {"additionalProperties", text_shape()}});
}

Node stop_signal_shape() {
    Node names = json::list({});
    for (const std::string& name : model::signal_names()) {
        if (model::ends_a_process(*model::parse_signal(name))) {
            names.items.push_back(json::text(name));
        }
    }
    return json::object({{"enum", std::move(names)}});
}

Node child_descriptor_shape() {
    return whole_number(3, 1023);
}

Node names_shape() {
    Node shape = list_of(name_shape());
    json::put(shape, "uniqueItems", json::boolean(true));
    return shape;
}

Node networks_shape() {
    Node shape = list_of(pattern("[0-9.]+(/[0-9]+)?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(/[0-9]+)?"));
    json::put(shape, "minItems", json::number(1));
    return shape;
}

Node openssl_names_shape() {
    return list_of(pattern("[A-Za-z0-9_-]+"));
}

Node alpn_shape() {
    return list_of(pattern("[!-~]{1,255}"));
}

Node peer_names_shape() {
    return list_of(pattern("[!-~]+"));
}

Node server_name_shape() {
    return pattern("[A-Za-z0-9._:-]{1,253}");
}

Node former_keys_shape() {
    return whole_number(0, 100);
}

Node tls_close_shape() {
    return any_of(
        {json::object({{"enum", json::texts({"notify", "abort"})}}), duration_above_zero_shape()});
}

Node or_word(std::string_view word, Node shape) {
    return any_of({json::object({{"const", json::text(word)}}), std::move(shape)});
}

Node name_shape() {
    return pattern(std::string(name_pattern));
}

}  // namespace protohost::config

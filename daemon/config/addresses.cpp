// SPDX-License-Identifier: MIT
#include "daemon/config/addresses.hpp"

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/config/json.hpp"

namespace protohost::config {
namespace {

using model::Node;

struct Form {
    std::string_view example;  ///< whether that may stand there decides about all of the form
    std::string pattern;
};

std::vector<Form> forms() {
    const std::string octet = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    const std::string host = R"((\[[0-9A-Fa-f:.]+(%[^\]]+)?\]|)" + octet + R"((\.)" + octet +
                             R"(){3}|(?![0-9.]+:)[A-Za-z0-9_.-]{1,253}))";
    const std::string port =
        ":0*([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])";
    const std::string name = R"((//(?=/)[^\u0000]{0,106}[^/\u0000]|@[^\u0000]{1,107}))";
    return {{"tcp://h:1", "tcp://" + host + port},
            {"tcp://h:0", "tcp://" + host + ":0+"},
            {"udp://h:1", "udp://" + host + port},
            {"udp://h:0", "udp://" + host + ":0+"},
            {"unix:@n", "unix:" + name},
            {"unixgram:@n", "unixgram:" + name},
            {"fd:3", "fd:0*([3-9]|[1-9][0-9]+)"},
            {"systemd:n", "systemd:[!-9;-~]{1,255}"}};
}

}  // namespace

Node address_shape(AddressUse use) {
    std::string pattern;
    for (const Form& form : forms()) {
        if (!read_address(write_word(form.example), use)) continue;
        pattern += (pattern.empty() ? "^(" : "|") + form.pattern;
    }
    return json::object({{"type", json::text("string")}, {"pattern", json::text(pattern + ")$")}});
}

Node listen_shape() {
    Node address = address_shape(AddressUse::listen);
    Node list = json::object(
        {{"type", json::text("array")}, {"minItems", json::number(1)}, {"items", address}});
    return json::object({{"anyOf", json::list({std::move(address), std::move(list)})}});
}

}  // namespace protohost::config

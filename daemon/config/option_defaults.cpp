// SPDX-License-Identifier: MIT
#include "daemon/config/option_defaults.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "daemon/config/keys.hpp"

namespace protohost::config {
namespace {

using model::Node;
using Protocols = std::unordered_map<std::string, const DeclaredProtocol*>;

/// The same word, for as long as the program runs.
std::string_view lasting(std::string_view type) {
    constexpr std::array types{"string", "integer", "number", "boolean", "duration", "size", "any"};
    const auto found = std::find(types.begin(), types.end(), type);
    return found == types.end() ? std::string_view() : *found;
}

void declare(Node& value, const DeclaredOption& option) {
    value.declared = lasting(option.type);
    if (option.type != "list") return;
    for (Node& item : value.items) item.declared = "string";
}

void make_default(Node& value) {
    value.place = {};
    value.is_default = true;
    for (Node& item : value.items) make_default(item);
    for (model::Member& member : value.members) make_default(member.value);
}

void complete(Node& options, const DeclaredProtocol& protocol) {
    for (const DeclaredOption& option : protocol.options) {
        const auto written =
            std::find_if(options.members.begin(), options.members.end(), [&](const auto& member) {
                return member.key == option.key;
            });
        if (written != options.members.end()) {
            declare(written->value, option);
        } else if (auto value = default_of(option)) {
            make_default(*value);
            declare(*value, option);
            options.members.push_back({option.key, {}, std::move(*value)});
        }
    }
}

void complete_units(Known& units, const Protocols& protocols) {
    for (Known& unit : units.members) {
        const auto& protocol = unit.at(keys::unit::protocol).value;
        auto& options = unit.at(keys::unit::options).value;
        const auto found = protocols.find(protocol->text);
        if (found != protocols.end()) complete(*options, *found->second);
    }
}

}  // namespace

void add_option_defaults(Known& configuration, const std::vector<DeclaredProtocol>& protocols) {
    Protocols by_name;
    for (const DeclaredProtocol& protocol : protocols) {
        for (std::string& name : names_of(protocol, protocols)) by_name[name] = &protocol;
    }
    complete_units(configuration.at(keys::top::listeners), by_name);
    complete_units(configuration.at(keys::top::endpoints), by_name);
}

}  // namespace protohost::config

// SPDX-License-Identifier: MIT
#include "daemon/config/declared_protocol.hpp"

#include <algorithm>

#include "daemon/config/load_yaml.hpp"
#include "daemon/config/writers.hpp"

namespace protohost::config {

using model::Node;

std::vector<std::string> names_of(const DeclaredProtocol& protocol,
                                  const std::vector<DeclaredProtocol>& all) {
    const auto factories = std::count_if(all.begin(), all.end(), [&](const auto& candidate) {
        return candidate.plugin == protocol.plugin;
    });
    std::vector<std::string> names{protocol.plugin + "/" + protocol.factory};
    if (factories == 1 || protocol.factory == protocol.plugin) names.push_back(protocol.plugin);
    return names;
}

std::optional<Node> default_of(const DeclaredOption& option) {
    if (option.default_value.empty()) return std::nullopt;
    Report report;
    auto value = load_yaml("", option.default_value, report);
    if (option.type != "string") return value;
    if (!value || value->kind != Node::Kind::scalar) return write_text(option.default_value);
    value->declared = "string";
    return value;
}

}  // namespace protohost::config

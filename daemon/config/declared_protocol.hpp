// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/model/node.hpp"

namespace protohost::config {

/// An option of a protocol, as its plugin declares it.
struct DeclaredOption {
    std::string key;
    /// "string", "integer", "number", "boolean", "duration", "size", "list" of strings, "any"
    std::string type;
    bool required = false;
    std::string default_value = {};  ///< as YAML would have it; empty: none
    std::string help = {};
};

/// A factory of a plugin.
struct DeclaredProtocol {
    std::string plugin;
    std::string factory;
    std::string kind;  ///< "stream", "datagram"
    std::vector<DeclaredOption> options = {};
};

/// "echo/echo", and "echo" where that is the same one among `all`.
std::vector<std::string> names_of(const DeclaredProtocol& protocol,
                                  const std::vector<DeclaredProtocol>& all);

/// The option where nobody wrote it, or nullopt, where it has no value then.
std::optional<model::Node> default_of(const DeclaredOption& option);

}  // namespace protohost::config

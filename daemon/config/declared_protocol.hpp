// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

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

}  // namespace protohost::config

// SPDX-License-Identifier: MIT
#include "daemon/config/effective_json.hpp"

#include <utility>

#include "daemon/config/json.hpp"
#include "daemon/config/load.hpp"
#include "daemon/config/write_json.hpp"
#include "daemon/config/write_yaml.hpp"

namespace protohost::config {

std::string effective_json(const model::Node& written,
                           const std::vector<DeclaredProtocol>& protocols) {
    model::Node values = effective(written, protocols);
    model::Node all = json::object();
    json::put(all, "text", json::text(to_yaml(values)));
    json::put(all, "origins", origins_of(values));
    json::put(all, "values", std::move(values));
    return to_json(all, false);
}

}  // namespace protohost::config

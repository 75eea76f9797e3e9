// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <vector>

#include "daemon/config/declared_protocol.hpp"
#include "daemon/model/node.hpp"

namespace protohost::config {

/// What the declarations of plugins add to the shape of a unit: names of protocols to choose from,
/// and the options of each.
class ProtocolShapes {
public:
    /// `protocols` must outlive it.
    explicit ProtocolShapes(const std::vector<DeclaredProtocol>& protocols)
        : protocols_(protocols) {}

    /// The options of each, for the `definitions` of the schema.
    model::Node definitions() const;

    /// Adds them to a unit that takes protocols of that kind; of any, where it is empty.
    void add_to(model::Node& unit, std::string_view kind) const;

private:
    model::Node names(std::string_view kind, bool fit) const;

    const std::vector<DeclaredProtocol>& protocols_;
};

}  // namespace protohost::config

// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <vector>

#include "daemon/config/report.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/model/node.hpp"

namespace protohost::config {

/// `socket: {multicast: [...]}`, nullptr where it is absent: groups for a socket that is bound to
/// `bound`, as far as that is known.
std::vector<model::MulticastGroup> decode_multicast(const model::Node* node,
                                                    const std::optional<model::Address>& bound,
                                                    Report& report);

}  // namespace protohost::config

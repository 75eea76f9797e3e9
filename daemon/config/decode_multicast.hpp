// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <vector>

#include "daemon/config/report.hpp"
#include "daemon/config/section.hpp"
#include "daemon/model/address.hpp"
#include "daemon/model/configuration.hpp"

namespace protohost::config {

/// `multicast` in the section `socket`: groups for a socket that is bound to `bound`, as far as
/// that is known.
std::vector<model::MulticastGroup> decode_multicast(Section& socket,
                                                    const std::optional<model::Address>& bound,
                                                    Report& report);

}  // namespace protohost::config

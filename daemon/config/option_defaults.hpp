// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "daemon/config/declared_protocol.hpp"
#include "daemon/config/known.hpp"

namespace protohost::config {

/// Completes the options of every unit with what its plugin gets where nobody wrote it, and gives
/// those that were written the types that the plugin declares. Options of other protocols than
/// `protocols` stay as they are.
void add_option_defaults(Known& configuration, const std::vector<DeclaredProtocol>& protocols);

}  // namespace protohost::config

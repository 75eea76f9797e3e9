// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "daemon/config/declared_protocol.hpp"

namespace protohost::config {

/// [any] The JSON Schema, draft-07, of the configuration, with which editors complete and check
/// it: every key that the decoder asks for, as it asks for it. `protocols` are those whose options
/// are known; any other is fine too, and its options are not looked at.
std::string schema(const std::vector<DeclaredProtocol>& protocols);

}  // namespace protohost::config

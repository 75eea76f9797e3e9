// SPDX-License-Identifier: MIT
#pragma once

#include "daemon/model/node.hpp"

#include <protohost/abi.h>

namespace protohost::plugin {

/// The getters by which a plugin reads its options. Their failures carry the place and the key of
/// the value as text. They need no context, so a NULL one will do.
const ph_config_api& config_api();

/// What a plugin is given for `node`; valid as long as the node is.
const ph_node* handle(const model::Node& node);

}  // namespace protohost::plugin

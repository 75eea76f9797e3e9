// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "daemon/base/error.hpp"
#include "daemon/model/node.hpp"

#include <protohost/abi.h>

namespace protohost::plugin {

/// Compares a binding's `options` with what the plugin declares, before any code of the plugin sees
/// them: unknown keys, missing ones, wrong types, all at once. `completed` becomes the given
/// mapping with the defaults filled in, which stand at the place of the mapping. No options at all
/// are an empty mapping; `given` needs its place and path all the same.
base::Errors check_options(const model::Node& given,
                           std::span<const ph_option> declared,
                           model::Node& completed);

}  // namespace protohost::plugin

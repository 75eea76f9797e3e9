// SPDX-License-Identifier: MIT
#pragma once

#include "daemon/base/error.hpp"
#include "daemon/model/configuration.hpp"

namespace protohost::unit {

/// [any] The limits of a subprocess that this daemon may not give it, with the places of their
/// keys: otherwise it would be found out at each start, long after the reload that wanted them.
base::Errors check_limits(const model::SubprocessSpec& spec);

}  // namespace protohost::unit

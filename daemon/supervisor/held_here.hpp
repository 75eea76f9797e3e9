// SPDX-License-Identifier: MIT
#pragma once

#include <set>
#include <string>

#include "daemon/base/error.hpp"
#include "daemon/model/configuration.hpp"

namespace protohost::supervisor {

/// `errors` of opening `address`, with the true cause where it is in use by a unit of `running`,
/// of whose sockets `open` has the keys: on the very address, or on every address of the machine
/// with the same port. What two sockets cannot have at a time a reload cannot change in one step,
/// for it opens before it closes.
base::Errors held_here(base::Errors errors,
                       const model::Address& address,
                       const model::Configuration& running,
                       const std::set<std::string>& open);

}  // namespace protohost::supervisor

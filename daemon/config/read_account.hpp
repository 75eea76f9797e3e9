// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/model/node.hpp"

namespace protohost::config {

// Of accounts it is only read how they are written. Whether they exist is asked when a socket is
// opened: a check must not depend on a directory service.

/// The name or the number of a user or a group.
base::Result<std::string> read_account(const model::Node& node);

/// A list of users and `@groups`, each once; it may be empty.
base::Result<std::vector<model::Located<model::Account>>> read_accounts(const model::Node& node);

}  // namespace protohost::config

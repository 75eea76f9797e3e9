// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "daemon/base/descriptor.hpp"
#include "daemon/base/error.hpp"

namespace protohost::net {

/// A copy of a descriptor that the daemon was started with, closed on exec. `where` is put before
/// the error.
base::Result<base::Descriptor> copy_inherited(int fd, const std::string& where);

}  // namespace protohost::net

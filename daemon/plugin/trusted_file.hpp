// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <sys/types.h>
#include <vector>

#include "daemon/base/error.hpp"

namespace protohost::plugin {

/// The bytes of a plugin file that only trusted users can have written: a regular file, owned by
/// root, by the user of this process or by one of `owners`, which neither group nor others may
/// write, in a folder of which the same holds. Symbolic links are resolved once; everything is
/// checked on the opened descriptors that are then read, so nothing can be swapped in between.
/// Every violation is reported, each with its remedy.
base::Result<std::vector<std::byte>> read_trusted_file(const std::string& path,
                                                       std::span<const uid_t> owners);

}  // namespace protohost::plugin

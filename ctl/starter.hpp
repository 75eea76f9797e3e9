// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace ctl {

/// `plugin new`: a folder `name` with a plugin that builds and passes its test as it is. The paths
/// that were written, or `problem`.
std::vector<std::string> write_starter(const std::string& name, std::string& problem);

}  // namespace ctl

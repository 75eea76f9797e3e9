// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace protohost::net {

/// Where a program may be that was called by `name`: that path where it has a slash, else one for
/// each folder of the PATH in `environment` ("NAME=value"); without one, of what the system says.
std::vector<std::string> program_candidates(const std::string& name,
                                            const std::vector<std::string>& environment);

/// The value of a variable, or empty.
std::string_view variable_in(const std::vector<std::string>& environment, std::string_view name);

}  // namespace protohost::net

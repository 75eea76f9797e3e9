// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "daemon/net/account.hpp"

namespace protohost::net {

/// What a program of `account` finds in its environment where nobody says otherwise: PATH and LANG
/// of the daemon, HOME and USER. Nothing else of the daemon's is meant for it.
std::vector<std::string> clean_environment(const Account& account);

/// Puts "NAME=value" in, instead of what has that name.
void set_variable(std::vector<std::string>& environment, std::string variable);

}  // namespace protohost::net

// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace protohost::base {

/// Tells the service manager ("READY=1"), where there is one.
void notify_service(const std::string& state);

}  // namespace protohost::base

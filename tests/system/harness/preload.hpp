// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace protohost::harness {

/// For DaemonSetup::wrapper: what is started has `library` of tests/system in it, as in
/// "libnames.so", and the environment `variables`, as in "NAME=value".
std::vector<std::string> preloaded(const std::string& library,
                                   const std::vector<std::string>& variables = {});

}  // namespace protohost::harness

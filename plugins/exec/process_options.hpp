// SPDX-License-Identifier: MIT
#pragma once

#include "settings.hpp"

#include <protohost/plugin.hpp>

namespace exec {

/// How the program of that connection is started: what the operator wants, and what tells it who
/// has connected.
protohost::SubprocessOptions process_options(const Settings& settings,
                                             const protohost::Transport& client);

}  // namespace exec

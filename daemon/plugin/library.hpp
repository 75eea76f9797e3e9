// SPDX-License-Identifier: MIT
#pragma once

#include "daemon/base/error.hpp"
#include "daemon/plugin/staging.hpp"

#include <protohost/abi.h>

namespace protohost::plugin {

/// Maps the staged copy and finds its entry function. Runs the constructors of its statics.
///
/// It stays mapped until the process ends, on purpose. What would have to be known gone before an
/// unmap cannot be: thread-local destructors that wait for a thread to end, exception objects and
/// deleters whose code is in there, atexit functions, detached threads. Each of them would crash
/// the daemon long after. A generation costs the size of its file, and its pages can be evicted.
base::Result<ph_entry_fn> open_library(const StagedPlugin& staged);

}  // namespace protohost::plugin

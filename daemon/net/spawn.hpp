// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include "daemon/base/descriptor.hpp"
#include "daemon/base/error.hpp"
#include "daemon/net/process_plan.hpp"

namespace protohost::net {

/// A process that was started, and the duty to wait for it.
struct SpawnedProcess {
    pid_t id = -1;
    base::Descriptor handle;  ///< a pidfd
};

/// Starts a process, and returns when it has become its program: or why it could not, and then it
/// is gone. Blocks as long as the kernel takes to open the program, whatever the size of the
/// daemon's memory.
base::Result<SpawnedProcess> spawn(const ProcessPlan& plan);

}  // namespace protohost::net

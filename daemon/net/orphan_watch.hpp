// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "daemon/base/descriptor.hpp"
#include "daemon/net/child_process.hpp"

namespace protohost::net {

/// Sees to it that nothing which this daemon has started outlives it, even where it is killed and
/// whatever its children have become: a process of this program waits until the daemon has gone,
/// and then kills all of its family (ProcessTree). The kernel by itself kills the children alone,
/// and a service manager only where there is one.
class OrphanWatch {
public:
    OrphanWatch() = default;
    /// Has it done its work now, and waits for that, but for no longer than two seconds.
    ~OrphanWatch();
    OrphanWatch(const OrphanWatch&) = delete;
    OrphanWatch& operator=(const OrphanWatch&) = delete;

    /// That process is there from now on; what keeps it from being there is logged. Costs a look
    /// at it where it is. [loop]
    void begin();

private:
    std::unique_ptr<ChildProcess> watcher_;
    base::Descriptor life_;  ///< the kernel closes it when we are gone
    bool failed_ = false;
};

/// What that process does: returns when there is nobody left. `family` is as begin() wrote it.
int bury_orphans(const char* family);

}  // namespace protohost::net

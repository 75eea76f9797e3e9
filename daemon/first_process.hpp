// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

namespace protohost {

/// In a container the daemon may be process 1, to whom the kernel gives every orphan, and whom it
/// spares what has no handler. Then this starts a child, in which it returns nullopt and which is
/// the daemon; this process waits for all orphans, passes signals on to the daemon, and gives its
/// exit code when it has ended, 128 and the number of the signal that has killed it. Elsewhere: it
/// returns nullopt. To be called before there are threads.
std::optional<int> run_as_first_process();

}  // namespace protohost

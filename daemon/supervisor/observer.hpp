// SPDX-License-Identifier: MIT
#pragma once

#include "daemon/supervisor/snapshot.hpp"

namespace protohost::supervisor {

/// Who is told what the daemon as a whole does. All [loop].
class Observer {
public:
    /// An attempt is under way; reload_ended() follows, whatever comes of it.
    virtual void reload_began() = 0;
    virtual void reload_ended(const ReloadRecord& record) = 0;

    /// Once; the units have not been told yet.
    virtual void stop_began() = 0;

protected:
    ~Observer() = default;
};

}  // namespace protohost::supervisor

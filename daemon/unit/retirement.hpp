// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "daemon/net/loop.hpp"
#include "daemon/net/timer.hpp"
#include "daemon/unit/generation.hpp"

namespace protohost::unit {

/// Brings a generation that nobody holds to its end. [loop]
///
///     quiesce, again and again while it answers PH_E_BUSY -> what it scheduled is dropped ->
///     unload
class Retirement {
public:
    /// `over` is called once: empty, it was unloaded; else why it was not, and must never be freed.
    using Over = std::function<void(const std::string& why)>;

    /// `generation` outlives this.
    Retirement(net::Loop& loop, Generation& generation, Over over);

    /// Gives up at `deadline`. Over at once where the plugin has nothing to stop.
    void begin(std::chrono::steady_clock::time_point deadline);

    /// As begin, and waits here.
    void finish(std::chrono::steady_clock::time_point deadline);

private:
    /// False: it is busy.
    bool attempt();
    void attempt_or_wait();

    Generation& generation_;
    Over over_;
    net::Timer timer_;
    std::chrono::steady_clock::time_point deadline_;
};

}  // namespace protohost::unit

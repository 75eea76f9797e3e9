// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "daemon/net/loop.hpp"

#include <protohost/abi.h>

namespace protohost::net {

/// Threads for work that blocks, so that the loop need not: run_in_executor. They are started when
/// there is work for them, and end once there has been none for a second: a daemon at rest has one
/// thread.
class Executor {
public:
    /// What became of the work.
    struct Outcome {
        ph_status status = PH_OK;  ///< PH_E_CANCELLED: it never began; PH_E_EXCEPTION: it threw
        std::string text;          ///< what it threw
    };
    using Id = std::uint64_t;   ///< never 0
    using Owner = const void*;  ///< compared, and nothing else
    using Work = std::function<void()>;
    using Done = std::function<void(const Outcome&)>;

    /// asyncio's: work that blocks mostly waits, so a few more than there are processors; and not
    /// so many on a large machine that their stacks and their contention cost more than they bring.
    static unsigned default_threads();

    explicit Executor(Loop& loop, unsigned threads = default_threads());

    /// [loop] Waits for the work that runs. What has not begun is cancelled, and every outstanding
    /// `done` is called in here; submit() refuses meanwhile.
    ~Executor();
    Executor(const Executor&) = delete;
    Executor& operator=(const Executor&) = delete;

    /// [any] Queues `work` for one of the threads: first in, first out. `done` is called on the
    /// loop, exactly once, never from inside submit() or cancel(). Both functions are destroyed on
    /// the loop, after `done`. 0: refused, because no thread can be started or the executor goes;
    /// then nothing is called.
    Id submit(Owner owner, Work work, Done done);

    /// [loop] False: it has begun, has ended, or never was; its `done` is called all the same.
    /// Otherwise `done` is called with PH_E_CANCELLED, and `work` never.
    bool cancel(Id id);

    /// [loop] Cancels what has not begun of `owner`'s; pending() then counts what has.
    void cancel_all(Owner owner);

    /// [loop] Cancels what has not begun of `owner`'s, and waits for what has: the loop stands
    /// still meanwhile. Every `done` of it is called in here.
    void finish(Owner owner);

    /// [loop] How many of `owner`'s have not come to the end of their `done`. An owner whose code
    /// must not go under running work waits until that is 0; it changes nowhere but after a `done`.
    std::size_t pending(Owner owner) const;

private:
    struct State;

    std::shared_ptr<State> state_;
};

}  // namespace protohost::net

// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/net/callback_watch.hpp"
#include "daemon/net/guard.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/unit/scheduled_calls.hpp"
#include "daemon/unit/unit_log.hpp"

#include <protohost/abi.h>

namespace protohost::unit {
class LoopServices;
}

/// What the border calls a ph_ctx: a plugin instance, or one unit's factory of it, and what the
/// daemon keeps for it.
struct ph_ctx {
    /// `unit_title` is "listener echo", and put before what the plugin logs; empty for an instance.
    ph_ctx(protohost::net::Loop& shared_loop,
           const std::string& plugin,
           std::string unit_title = {},
           unsigned generation = 0)
        : loop(shared_loop),
          log(std::move(unit_title), "plugin." + plugin, plugin, generation),
          calls(shared_loop, log) {}

    /// [loop] Once for each context: whoever does it, does it often.
    void report_stale_transport();

    /// [any] Whether this is the loop's thread, which `function` needs; once for each context, the
    /// log says that it is not.
    bool is_on_loop(std::string_view function) {
        if (loop.on_loop_thread()) return true;
        report_wrong_thread(function);
        return false;
    }

    /// [loop] Calls code of the plugin whose failure nobody else is told; `what` for the log.
    template <class F>
    void guard(std::string_view what, F&& call) {
        const protohost::net::WatchedCallback watched(loop, [&] { return name_of(what); });
        const ph_status status = protohost::net::guarded(loop, [&] {
            call();
            return ph_status{PH_OK};
        });
        if (status < 0) log_failure(what);
    }

    protohost::net::Loop& loop;
    const protohost::unit::UnitLog log;
    protohost::unit::ScheduledCalls calls;
    /// Who opens what the plugin asks for: nullptr for an instance, before the unit starts, and
    /// after it has stopped.
    protohost::unit::LoopServices* services = nullptr;
    bool stale_transport_reported = false;

private:
    void report_wrong_thread(std::string_view function);
    void log_failure(std::string_view what);
    std::string name_of(std::string_view callback) const;

    std::atomic_flag wrong_thread_reported_;
};

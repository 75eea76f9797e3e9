// SPDX-License-Identifier: MIT
#include "daemon/unit/context.hpp"

#include "daemon/base/failure.hpp"
#include "daemon/base/log_events.hpp"

void ph_ctx::report_stale_transport() {
    if (std::exchange(stale_transport_reported, true)) return;
    log.warn({},
             "a transport was used after its connection was lost; the call did nothing (said once; "
             "keep "
             "transport.ref() for what comes later)");
}

void ph_ctx::report_wrong_thread(std::string_view function) {
    if (wrong_thread_reported_.test_and_set()) return;
    log.warn(
        {},
        "{} was called on another thread than the loop's and did nothing (said once; "
        "call_soon_threadsafe is for other threads, started for what is to begin with the unit)",
        function);
}

void ph_ctx::log_failure(std::string_view what) {
    log.error({.id = protohost::base::events::plugin_fault},
              "{} failed: {}",
              what,
              protohost::base::take_failure());
}

std::string ph_ctx::name_of(std::string_view callback) const {
    return protohost::base::format("{}{}: {}", log.prefix(), log.area(), callback);
}

// SPDX-License-Identifier: MIT
#include "daemon/unit/context.hpp"

#include "daemon/base/failure.hpp"

void ph_ctx::report_stale_transport() {
    if (std::exchange(stale_transport_reported, true)) return;
    log.warn(
        "{}a transport was used after its connection was lost; the call did nothing (said once; keep "
        "transport.ref() for what comes later)",
        prefix());
}

void ph_ctx::log_failure(std::string_view what) {
    log.error("{}{} failed: {}", prefix(), what, protohost::base::take_failure());
}

void ph_ctx::say(protohost::base::Level level, std::string_view message) const {
    if (log.enabled(level)) log.write(level, prefix().append(message));
}

// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

#include "daemon/config/keys.hpp"
#include "daemon/config/report.hpp"
#include "daemon/config/section.hpp"

namespace protohost::config {

/// The three values that pauses which grow have, and their keys.
struct PauseKeys {
    const keys::Key& initial;
    const keys::Key& max;
    const keys::Key& jitter;
};
struct Pauses {
    std::chrono::nanoseconds& initial;
    std::chrono::nanoseconds& max;
    double& jitter;
};

void decode_pauses(Section& section, const PauseKeys& keys, Pauses into, Report& report);

}  // namespace protohost::config

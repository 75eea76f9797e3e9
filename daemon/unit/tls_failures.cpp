// SPDX-License-Identifier: MIT
#include "daemon/unit/tls_failures.hpp"

#include <cstddef>

namespace protohost::unit {

void TlsFailures::log(std::string_view peer, const net::TlsFailure& failure) {
    const auto others = seldom_.admit("failure");
    if (!others) return;
    log_.info({.connection = peer}, "no TLS with {}: {}{}", peer, failure.text, *others);
}

void TlsFailures::describe(UnitSnapshot& snapshot) const {
    for (std::size_t i = 0; i < counts_.size(); ++i) {
        if (counts_[i] == 0) continue;
        const auto reason = net::name_of(static_cast<net::TlsReason>(i));
        snapshot.failed_handshakes[std::string(reason)] = counts_[i];
    }
}

}  // namespace protohost::unit

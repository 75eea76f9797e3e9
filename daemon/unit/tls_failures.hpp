// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "daemon/base/seldom.hpp"
#include "daemon/net/tls_failure.hpp"
#include "daemon/unit/snapshot.hpp"
#include "daemon/unit/unit_log.hpp"

namespace protohost::unit {

/// The TLS handshakes of one unit that failed, whoever wanted them: its definition, or its plugin.
/// [loop]
class TlsFailures {
public:
    /// `title` is "listener web".
    explicit TlsFailures(std::string title) : log_(std::move(title), "tls") {}

    void count(const net::TlsFailure& failure) {
        ++counts_[static_cast<std::size_t>(failure.reason)];
    }
    /// A line a second at most. `peer` is "127.0.0.1:40000".
    void log(std::string_view peer, const net::TlsFailure& failure);

    void describe(UnitSnapshot& snapshot) const;

private:
    const UnitLog log_;
    net::TlsFailureCounts counts_{};
    base::Seldom seldom_;
};

}  // namespace protohost::unit

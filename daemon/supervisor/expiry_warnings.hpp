// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "daemon/net/tls_context.hpp"

namespace protohost::supervisor {

/// Finds the certificates that end soon. Of each it is said when 21, 7 and 1 days are left, and
/// when it has ended, each of them once, however often it is asked. Pure, but for what it
/// remembers.
class ExpiryWarnings {
public:
    struct Warning {
        std::string unit;  ///< its name
        std::string text;
        bool ended = false;
    };

    /// What is to be said at `now`, not earlier, of the contexts that there are. A certificate that
    /// is not among them is forgotten.
    std::vector<Warning> due(const std::vector<net::TlsContext::Pointer>& contexts,
                             std::chrono::system_clock::time_point now);

private:
    /// By unit, file and certificate: the fewest days that have been said.
    std::map<std::string, int> said_;
};

}  // namespace protohost::supervisor

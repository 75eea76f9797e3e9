// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <protohost/abi.h>

struct ssl_st;

namespace protohost::net {

/// Why there is no TLS, or no more: what failures are counted by.
enum class TlsReason : std::uint8_t {
    timeout,      ///< the peer did not finish the handshake in time
    ended,        ///< the peer left before
    reset,        ///< the connection broke
    not_tls,      ///< what came is something else
    version,      ///< no version that both speak
    parameters,   ///< no cipher, group or signature that both know
    certificate,  ///< the peer's is missing, or not trusted
    refused,      ///< the peer says that it does not want ours
    other
};
constexpr std::size_t tls_reasons = 9;

/// As it is counted and listed: "not_tls".
std::string_view name_of(TlsReason reason);

/// Failures by their reason.
using TlsFailureCounts = std::array<std::uint64_t, tls_reasons>;

struct TlsFailure {
    TlsReason reason = TlsReason::other;
    /// PH_E_TLS; PH_E_OS with os_errno; PH_E_TRUNCATED; PH_E_TIMEOUT.
    ph_status code = PH_E_TLS;
    int os_errno = 0;
    /// "certificate verify failed: unable to get local issuer certificate".
    std::string text;

    /// What the last call for `ssl` has failed with, whose SSL_get_error() said `error`.
    static TlsFailure of(const ssl_st* ssl, int error);
    static TlsFailure os(int os_errno);
};

}  // namespace protohost::net

// SPDX-License-Identifier: MIT
#include "daemon/net/tls_failure.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace protohost::net {

namespace {

/// Reasons of OpenSSL from here on are alerts that the peer has sent.
constexpr int first_alert = SSL_AD_REASON_OFFSET;

TlsReason reason_of_alert(int alert) {
    switch (alert) {
        case SSL_AD_PROTOCOL_VERSION:
            return TlsReason::version;
        case SSL_AD_HANDSHAKE_FAILURE:
        case SSL_AD_INSUFFICIENT_SECURITY:
            return TlsReason::parameters;
        default:
            return TlsReason::refused;
    }
}

TlsReason reason_of(int reason) {
    switch (reason) {
        case SSL_R_UNEXPECTED_EOF_WHILE_READING:
            return TlsReason::ended;
        case SSL_R_HTTP_REQUEST:
        case SSL_R_HTTPS_PROXY_REQUEST:
        case SSL_R_WRONG_VERSION_NUMBER:
        case SSL_R_UNKNOWN_PROTOCOL:
        case SSL_R_PACKET_LENGTH_TOO_LONG:
        case SSL_R_BAD_RECORD_TYPE:
            return TlsReason::not_tls;
        case SSL_R_UNSUPPORTED_PROTOCOL:
        case SSL_R_VERSION_TOO_LOW:
        case SSL_R_VERSION_TOO_HIGH:
        case SSL_R_NO_PROTOCOLS_AVAILABLE:
        case SSL_R_BAD_PROTOCOL_VERSION_NUMBER:
            return TlsReason::version;
        case SSL_R_NO_SHARED_CIPHER:
        case SSL_R_NO_SUITABLE_KEY_SHARE:
        case SSL_R_NO_SUITABLE_GROUPS:
        case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
        case SSL_R_NO_SHARED_GROUPS:
            return TlsReason::parameters;
        case SSL_R_CERTIFICATE_VERIFY_FAILED:
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
            return TlsReason::certificate;
        default:
            return TlsReason::other;
    }
}

std::string text_of(unsigned long error) {
    const char* const text = ERR_reason_error_string(error);
    return text != nullptr ? text : "error " + std::to_string(error);
}

TlsFailure of_the_queue(const SSL* ssl) {
    // The oldest: what the others followed from.
    const unsigned long error = ERR_get_error();
    ERR_clear_error();
    TlsFailure failure;
    if (error == 0) {
        failure.text = "TLS failed without saying why";
        return failure;
    }
    const int reason = ERR_GET_REASON(error);
    failure.text = text_of(error);
    if (ERR_GET_LIB(error) != ERR_LIB_SSL) return failure;
    if (reason > first_alert) {
        failure.reason = reason_of_alert(reason - first_alert);
        failure.text = std::string("the peer says \"") +
                       SSL_alert_desc_string_long(reason - first_alert) + "\"";
        return failure;
    }
    failure.reason = reason_of(reason);
    if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        failure.code = PH_E_TRUNCATED;
        failure.text = "the peer's stream was cut off: it ended without close_notify";
    } else if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
        const long why = SSL_get_verify_result(ssl);
        failure.text += std::string(": ") + X509_verify_cert_error_string(why);
    }
    return failure;
}

}  // namespace

std::string_view name_of(TlsReason reason) {
    constexpr std::array<std::string_view, tls_reasons> names{"timeout",
                                                              "ended",
                                                              "reset",
                                                              "not_tls",
                                                              "version",
                                                              "parameters",
                                                              "certificate",
                                                              "refused",
                                                              "other"};
    return names[static_cast<std::size_t>(reason)];
}

TlsFailure TlsFailure::os(int os_errno) {
    return {TlsReason::reset, PH_E_OS, os_errno, std::strerror(os_errno)};
}

TlsFailure TlsFailure::of(const SSL* ssl, int error) {
    const int os_errno = errno;
    if (error == SSL_ERROR_SYSCALL && ERR_peek_error() == 0) {
        return os(os_errno != 0 ? os_errno : ECONNRESET);
    }
    // To OpenSSL everything is in order behind the peer's close_notify, also a send that failed.
    if (error == SSL_ERROR_ZERO_RETURN && os_errno != 0) return os(os_errno);
    return of_the_queue(ssl);
}

}  // namespace protohost::net

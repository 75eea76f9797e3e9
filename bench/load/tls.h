// SPDX-License-Identifier: MIT
#pragma once

// The client's side of TLS, for loads. The client alone decides what is negotiated, so that all
// servers do the same work without being told: AES-128-GCM, X25519 (P-256 beside it, because
// certificates in TLS 1.2 are asked for by it, too), and the one version.

#include <signal.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "bench/common.h"

static inline void tls_fail(const char* what) {
    fprintf(stderr, "bench: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

/// `minor`: 2 or 3, of TLS 1.
static inline SSL_CTX* tls_client(unsigned long minor) {
    signal(SIGPIPE, SIG_IGN);  // OpenSSL's own BIO does not prevent it
    SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
    const int version = minor == 2 ? TLS1_2_VERSION : TLS1_3_VERSION;
    if (context == NULL || SSL_CTX_set_min_proto_version(context, version) != 1 ||
        SSL_CTX_set_max_proto_version(context, version) != 1 ||
        SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") != 1 ||
        SSL_CTX_set_cipher_list(context,
                                "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256") != 1 ||
        SSL_CTX_set1_groups_list(context, "X25519:P-256") != 1) {
        tls_fail("no context");
    }
    SSL_CTX_set_mode(context,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                         SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(context, 1);
    return context;
}

static inline SSL* tls_open(SSL_CTX* context, int fd) {
    SSL* const ssl = SSL_new(context);
    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1) tls_fail("no session");
    SSL_set_connect_state(ssl);
    SSL_set_tlsext_host_name(ssl, "localhost");  // as everybody does
    return ssl;
}

/// What a call waits for that has answered `result`: EPOLLIN or EPOLLOUT. Ends where it is over.
static inline uint32_t tls_waits_for(const SSL* ssl, int result, const char* what) {
    switch (SSL_get_error(ssl, result)) {
        case SSL_ERROR_WANT_READ:
            return EPOLLIN;
        case SSL_ERROR_WANT_WRITE:
            return EPOLLOUT;
        default:
            tls_fail(what);
            return 0;
    }
}

// SPDX-License-Identifier: MIT
// The yardstick for TLS: OpenSSL with nothing between it and the kernel, used as well as it can be.
//     raw_tls FILE [greet]
// echo, or 64 bytes for whoever comes and the end, with the certificate and key of FILE. One
// thread, one level-triggered epoll set, one SSL for each connection, with its buffers released
// while it is silent.
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "bench/common.h"

enum { RECORD = 16 * 1024, EVENTS = 256, DESCRIPTORS = 1 << 16, GREETING = 64 };

/// What the kernel refused; nothing more is read until it is gone.
struct connection {
    SSL* ssl;
    char* rest;
    size_t size, sent;
};

static struct connection* connections[DESCRIPTORS];
static char buffer[RECORD];
static int set, greets;

static void drop(int fd) {
    struct connection* const c = connections[fd];
    // The peer's close_notify is answered; whoever has none is gone.
    ERR_clear_error();
    if (SSL_is_init_finished(c->ssl)) SSL_shutdown(c->ssl);
    SSL_free(c->ssl);
    free(c->rest);
    free(c);
    connections[fd] = NULL;
    close(fd);
}

/// 0: it has waited or is gone.
static int send_all(int fd, const char* bytes, size_t size) {
    struct connection* const c = connections[fd];
    size_t sent = 0;
    while (sent < size) {
        const int taken = SSL_write(c->ssl, bytes + sent, (int)(size - sent));
        if (taken > 0) {
            sent += (size_t)taken;
            continue;
        }
        if (SSL_get_error(c->ssl, taken) != SSL_ERROR_WANT_WRITE) {
            drop(fd);
            return 0;
        }
        if (c->rest != NULL) {
            c->sent += sent;
            return 0;
        }
        c->size = size - sent;
        c->sent = 0;
        c->rest = malloc(c->size);
        if (c->rest == NULL) die("malloc");
        memcpy(c->rest, bytes + sent, c->size);
        watch(set, EPOLL_CTL_MOD, fd, EPOLLOUT, &connections[fd]);
        return 0;
    }
    return 1;
}

static void echo(int fd) {
    struct connection* const c = connections[fd];
    for (;;) {
        const int got = SSL_read(c->ssl, buffer, sizeof buffer);
        if (got <= 0) {
            if (SSL_get_error(c->ssl, got) != SSL_ERROR_WANT_READ) drop(fd);
            return;
        }
        if (!send_all(fd, buffer, (size_t)got)) return;
        if (SSL_has_pending(c->ssl) == 0) return;
    }
}

static void on_event(int fd) {
    struct connection* const c = connections[fd];
    ERR_clear_error();
    if (c->rest != NULL) {
        if (!send_all(fd, c->rest + c->sent, c->size - c->sent)) return;
        free(c->rest);
        c->rest = NULL;
        watch(set, EPOLL_CTL_MOD, fd, EPOLLIN, &connections[fd]);
        echo(fd);  // what is in OpenSSL's buffer is told by nobody else
        return;
    }
    if (!greets) {
        echo(fd);
        return;
    }
    const int agreed = SSL_do_handshake(c->ssl);
    if (agreed == 1) {
        char greeting[GREETING];
        memset(greeting, 'm', sizeof greeting);
        if (send_all(fd, greeting, sizeof greeting)) drop(fd);
    } else if (SSL_get_error(c->ssl, agreed) != SSL_ERROR_WANT_READ) {
        drop(fd);
    }
}

static void accept_all(int listener, SSL_CTX* context) {
    for (int fd; (fd = accept_next(listener)) >= 0;) {
        const int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct connection* const c = calloc(1, sizeof *c);
        if (fd >= DESCRIPTORS || c == NULL) fail("too many connections");
        c->ssl = SSL_new(context);
        if (c->ssl == NULL || SSL_set_fd(c->ssl, fd) != 1) fail("no session");
        SSL_set_accept_state(c->ssl);
        connections[fd] = c;
        watch(set, EPOLL_CTL_ADD, fd, EPOLLIN, &connections[fd]);
    }
}

static SSL_CTX* read_certificate(const char* file) {
    SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
    if (context == NULL || SSL_CTX_use_certificate_chain_file(context, file) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, file, SSL_FILETYPE_PEM) != 1) {
        ERR_print_errors_fp(stderr);
        fail("the certificate cannot be used");
    }
    SSL_CTX_set_mode(context,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                         SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    return context;
}

int main(int argc, char** argv) {
    if (argc < 2) fail("raw_tls FILE [greet]");
    greets = argc > 2;
    signal(SIGPIPE, SIG_IGN);  // OpenSSL's own BIO does not prevent it
    raise_descriptor_limit();
    SSL_CTX* const context = read_certificate(argv[1]);
    set = epoll_create1(EPOLL_CLOEXEC);
    if (set < 0) die("epoll_create1");
    const int listener = serve(SOCK_STREAM);
    watch(set, EPOLL_CTL_ADD, listener, EPOLLIN, NULL);
    struct epoll_event events[EVENTS];
    for (;;) {
        const int ready = epoll_wait(set, events, EVENTS, -1);
        if (ready < 0 && errno != EINTR) die("epoll_wait");
        for (int i = 0; i < ready; ++i) {
            struct connection** const at = events[i].data.ptr;
            if (at == NULL) {
                accept_all(listener, context);
            } else if (*at != NULL) {
                on_event((int)(at - connections));
            }
        }
    }
}

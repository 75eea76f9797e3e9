// SPDX-License-Identifier: MIT
// A load for handshakes: --connections clients at a time connect, agree on TLS 1.`--version`,
// exchange one message of --size bytes, take their leave, and begin again. With --resume 1 each
// goes on with the session of its last connection, and it is an error where the server does not;
// without, none does. With --greeted 1 the server speaks first and closes.
//
// They come from 16 addresses in turn, as those of connects.c.
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "bench/load/arguments.h"
#include "bench/load/phases.h"
#include "bench/load/tls.h"

enum { ADDRESSES = 16, LARGEST = 16 * 1024 };

struct client {
    int fd;
    uint32_t interest;
    int resumes, agreed, sent;
    size_t received;
    int64_t started;
    SSL* ssl;
    SSL_SESSION* session;  ///< that of the last connection
};

static unsigned long port, count = 50, size = 64, version = 3, resume, greeted;
static int set;
static SSL_CTX* context;
static char message[LARGEST];
static struct phase phase;

static void wait_for(struct client* c, uint32_t events) {
    if (c->interest == events) return;
    watch(set, c->interest == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, c->fd, events, c);
    c->interest = events;
}

/// A ticket. It takes the share of it.
static int on_session(SSL* ssl, SSL_SESSION* session) {
    struct client* const c = SSL_get_app_data(ssl);
    SSL_SESSION_free(c->session);
    c->session = session;
    return 1;
}

static void start(struct client* c, int64_t now) {
    static unsigned turn;
    if (grant(&phase, 1, now) == 0) return;
    *c = (struct client){.started = now, .session = c->session, .resumes = c->session != NULL};
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) die("socket");
    const int on = 1;
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct sockaddr_in here = loopback(0);
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + turn++ % ADDRESSES);
    if (bind(c->fd, (struct sockaddr*)&here, sizeof here) != 0) die("bind");
    const struct sockaddr_in there = loopback((uint16_t)port);
    if (connect(c->fd, (const struct sockaddr*)&there, sizeof there) != 0 && errno != EINPROGRESS) {
        die("connect");
    }
    c->ssl = tls_open(context, c->fd);
    SSL_set_app_data(c->ssl, c);
    if (c->session != NULL) SSL_set_session(c->ssl, c->session);
    wait_for(c, EPOLLOUT);
}

static void finish(struct client* c) {
    const int64_t now = clock_ns(CLOCK_MONOTONIC);
    SSL_shutdown(c->ssl);
    SSL_free(c->ssl);
    close(c->fd);
    finish_one(&phase, c->started, now);
    start(c, now);
}

/// 0: it waits.
static int agree(struct client* c) {
    const int result = SSL_do_handshake(c->ssl);
    if (result != 1) {
        wait_for(c, tls_waits_for(c->ssl, result, "no handshake"));
        return 0;
    }
    if (SSL_session_reused(c->ssl) != c->resumes) fail("resumed, or not: not as asked");
    if (!c->resumes && SSL_get_negotiated_group(c->ssl) != NID_X25519) fail("not with X25519");
    return c->agreed = 1;
}

static void on_event(const struct epoll_event* event) {
    struct client* const c = event->data.ptr;
    static char received[LARGEST];
    ERR_clear_error();
    if (!c->agreed && !agree(c)) return;
    if (!greeted && !c->sent) {
        if (SSL_write(c->ssl, message, (int)size) != (int)size) tls_fail("SSL_write");
        c->sent = 1;
    }
    for (;;) {
        const int got = SSL_read(c->ssl, received, sizeof received);
        if (got <= 0) {
            const int ends = SSL_get_error(c->ssl, got) == SSL_ERROR_ZERO_RETURN;
            if (ends && greeted && c->received == size) {
                finish(c);
                return;
            }
            wait_for(c, tls_waits_for(c->ssl, got, "the connection ended early"));
            return;
        }
        c->received += (size_t)got;
        if (c->received > size || memcmp(received, message, (size_t)got) != 0) {
            fail("not the message");
        }
        if (!greeted && c->received == size) {
            finish(c);
            return;
        }
    }
}

static void play(struct client* clients) {
    for (unsigned long i = 0; i < count; ++i) start(&clients[i], clock_ns(CLOCK_MONOTONIC));
    until_over(&phase, set, on_event);
}

int main(int argc, char** argv) {
    const struct argument known[] = {{"--port", &port},
                                     {"--connections", &count},
                                     {"--size", &size},
                                     {"--version", &version},
                                     {"--resume", &resume},
                                     {"--greeted", &greeted},
                                     {NULL, NULL}};
    read_arguments(argc, argv, known);
    if (size > LARGEST) fail("--size is too large");
    memset(message, 'm', sizeof message);
    raise_descriptor_limit();
    context = tls_client(version);
    if (resume) {
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(context, on_session);
    }
    set = epoll_create1(EPOLL_CLOEXEC);
    struct client* clients = calloc(count, sizeof *clients);
    if (set < 0 || clients == NULL) die("epoll_create1");
    say_ready();
    while (begin_phase(&phase)) {
        play(clients);
        end_phase(&phase);
    }
    return 0;
}

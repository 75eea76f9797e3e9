// SPDX-License-Identifier: MIT
// A closed-loop load for echo over TLS 1.`--version`: every connection has one message of --size
// bytes on its way, and sends the next when that has come back. What comes back is compared byte by
// byte.
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>

#include "bench/load/arguments.h"
#include "bench/load/phases.h"
#include "bench/load/tls.h"

enum { RECEIVE_SIZE = 16 * 1024 };

struct connection {
    SSL* ssl;
    int fd;
    uint32_t interest;
    size_t written, received;  ///< of the message on its way
    int busy;
    int64_t started;
};

static unsigned long port, count = 1, size = 128, version = 3;
static int set;
static char* message;
static struct phase phase;

static void wait_for(struct connection* c, uint32_t events) {
    if (c->interest == events) return;
    watch(set, c->interest == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, c->fd, events, c);
    c->interest = events;
}

static void send_rest(struct connection* c) {
    while (c->written < size) {
        const int taken = SSL_write(c->ssl, message + c->written, (int)(size - c->written));
        if (taken <= 0) {
            wait_for(c, EPOLLIN | tls_waits_for(c->ssl, taken, "SSL_write"));
            return;
        }
        c->written += (size_t)taken;
    }
    wait_for(c, EPOLLIN);
}

static void start(struct connection* c, int64_t now) {
    c->busy = grant(&phase, 1, now) == 1;
    if (!c->busy) return;
    c->written = c->received = 0;
    c->started = now;
    send_rest(c);
}

static void on_event(const struct epoll_event* event) {
    struct connection* const c = event->data.ptr;
    static char received[RECEIVE_SIZE];
    ERR_clear_error();
    if (c->busy && c->written < size) send_rest(c);
    for (;;) {
        const int got = SSL_read(c->ssl, received, sizeof received);
        if (got <= 0) {
            tls_waits_for(c->ssl, got, "the server closed a connection");
            return;
        }
        if (!c->busy || c->received + (size_t)got > c->written)
            fail("more came back than was sent");
        if (memcmp(received, message + c->received, (size_t)got) != 0) {
            fail("what came back is not what was sent");
        }
        c->received += (size_t)got;
        if (c->received < size) continue;
        const int64_t now = clock_ns(CLOCK_MONOTONIC);
        finish_one(&phase, c->started, now);
        start(c, now);
    }
}

/// Returns when everything that was sent has come back.
static void play(struct connection* connections) {
    for (unsigned long i = 0; i < count; ++i) start(&connections[i], clock_ns(CLOCK_MONOTONIC));
    until_over(&phase, set, on_event);
}

static void open_connection(struct connection* c, SSL_CTX* context) {
    const struct sockaddr_in address = loopback((uint16_t)port);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (const struct sockaddr*)&address, sizeof address) != 0) {
        die("connect");
    }
    const int on = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // Ends with a reset: no port waits in TIME_WAIT for the runs that follow.
    const struct linger linger = {.l_onoff = 1, .l_linger = 0};
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    c->ssl = tls_open(context, c->fd);
    if (SSL_do_handshake(c->ssl) != 1) tls_fail("no handshake");
    if (fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0) die("fcntl");
    wait_for(c, EPOLLIN);
}

int main(int argc, char** argv) {
    const struct argument known[] = {{"--port", &port},
                                     {"--connections", &count},
                                     {"--size", &size},
                                     {"--version", &version},
                                     {NULL, NULL}};
    read_arguments(argc, argv, known);
    raise_descriptor_limit();
    message = malloc(size);
    struct connection* const connections = calloc(count, sizeof *connections);
    set = epoll_create1(EPOLL_CLOEXEC);
    if (message == NULL || connections == NULL || set < 0) die("epoll_create1");
    uint32_t state = 2463534242U;
    for (size_t i = 0; i < size; ++i) {
        state = state * 1664525U + 1013904223U;
        message[i] = (char)(state >> 24);
    }
    SSL_CTX* const context = tls_client(version);
    for (unsigned long i = 0; i < count; ++i) open_connection(&connections[i], context);
    say_ready();
    while (begin_phase(&phase)) {
        play(connections);
        end_phase(&phase);
    }
    return 0;
}

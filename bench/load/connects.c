// SPDX-License-Identifier: MIT
// A load for accepting: --connections clients at a time connect, exchange one message of --size
// bytes, close, and begin again. With --greeted 1 the server speaks first and closes; without, the
// client sends, has its message back, and closes.
//
// They come from 16 addresses in turn: one address has ports for some 28,000 connections a minute,
// because whoever closes first keeps the port in TIME_WAIT.
#include <netinet/tcp.h>
#include <unistd.h>

#include "bench/load/arguments.h"
#include "bench/load/phases.h"

enum { ADDRESSES = 16, LARGEST = 64 * 1024 };

struct client {
    int fd;
    int sent;
    size_t received;
    int64_t started;
};

static unsigned long port, count = 50, size = 64, greeted;
static int set;
static char message[LARGEST];
static struct phase phase;

static void start(struct client* c, int64_t now) {
    static unsigned turn;
    if (grant(&phase, 1, now) == 0) return;
    *c = (struct client){.started = now};
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) die("socket");
    const int on = 1;
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    struct sockaddr_in here = loopback(0);
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + turn++ % ADDRESSES);
    if (bind(c->fd, (struct sockaddr*)&here, sizeof here) != 0) die("bind");
    const struct sockaddr_in there = loopback((uint16_t)port);
    if (connect(c->fd, (const struct sockaddr*)&there, sizeof there) != 0 && errno != EINPROGRESS) {
        die("connect");
    }
    watch(set, EPOLL_CTL_ADD, c->fd, greeted ? EPOLLIN : EPOLLOUT, c);
}

static void finish(struct client* c) {
    const int64_t now = clock_ns(CLOCK_MONOTONIC);
    close(c->fd);
    finish_one(&phase, c->started, now);
    start(c, now);
}

static void on_event(const struct epoll_event* event) {
    struct client* const c = event->data.ptr;
    static char received[LARGEST];
    if (!greeted && !c->sent) {
        if (send(c->fd, message, size, MSG_NOSIGNAL) != (ssize_t)size) die("send");
        c->sent = 1;
        watch(set, EPOLL_CTL_MOD, c->fd, EPOLLIN, c);
        return;
    }
    const ssize_t got = recv(c->fd, received, sizeof received, 0);
    if (got < 0) {
        if (try_later()) return;
        die("recv");
    }
    c->received += (size_t)got;
    if (c->received > size || (got == 0 && c->received != size)) fail("not the message");
    if (greeted ? got == 0 : c->received == size) finish(c);
}

static void play(struct client* clients) {
    for (unsigned long i = 0; i < count; ++i) start(&clients[i], clock_ns(CLOCK_MONOTONIC));
    until_over(&phase, set, on_event);
}

int main(int argc, char** argv) {
    const struct argument known[] = {{"--port", &port},
                                     {"--connections", &count},
                                     {"--size", &size},
                                     {"--greeted", &greeted},
                                     {NULL, NULL}};
    read_arguments(argc, argv, known);
    if (size > LARGEST) fail("--size is too large");
    memset(message, 'm', sizeof message);
    raise_descriptor_limit();
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

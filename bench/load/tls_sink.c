// SPDX-License-Identifier: MIT
// sink.c over TLS 1.`--version`: --connections clients take and decrypt whatever comes, as fast as
// it comes. What is counted is KiB, in full flow.
#include <fcntl.h>
#include <unistd.h>

#include "bench/load/arguments.h"
#include "bench/load/phases.h"
#include "bench/load/tls.h"

enum { RECEIVE_SIZE = 16 * 1024, AT_ONCE = 256 * 1024, EVENTS = 64 };

static unsigned long port, count = 4, version = 3;
static int set;

static uint64_t take(SSL* ssl) {
    static char received[RECEIVE_SIZE];
    uint64_t bytes = 0;
    // Not more at once: the others wait, too. A level-triggered set would not tell of what is in
    // OpenSSL's buffer, and so that is emptied.
    while (bytes < AT_ONCE || SSL_has_pending(ssl)) {
        ERR_clear_error();
        const int got = SSL_read(ssl, received, sizeof received);
        if (got <= 0) {
            tls_waits_for(ssl, got, "the server closed a connection");
            break;
        }
        bytes += (uint64_t)got;
    }
    return bytes;
}

/// Takes for so long; returns how many bytes that was.
static uint64_t take_until(int64_t deadline) {
    uint64_t bytes = 0;
    while (clock_ns(CLOCK_MONOTONIC) < deadline) {
        struct epoll_event events[EVENTS];
        const int ready = epoll_wait(set, events, EVENTS, 10000);
        if (ready == 0) fail("nothing came for ten seconds");
        for (int i = 0; i < ready; ++i) bytes += take(events[i].data.ptr);
    }
    return bytes;
}

int main(int argc, char** argv) {
    const struct argument known[] = {
        {"--port", &port}, {"--connections", &count}, {"--version", &version}, {NULL, NULL}};
    read_arguments(argc, argv, known);
    set = epoll_create1(EPOLL_CLOEXEC);
    if (set < 0) die("epoll_create1");
    SSL_CTX* const context = tls_client(version);
    const struct sockaddr_in there = loopback((uint16_t)port);
    for (unsigned long i = 0; i < count; ++i) {
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd, (const struct sockaddr*)&there, sizeof there) != 0) die("connect");
        SSL* const ssl = tls_open(context, fd);
        if (SSL_do_handshake(ssl) != 1) tls_fail("no handshake");
        if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0) die("fcntl");
        watch(set, EPOLL_CTL_ADD, fd, EPOLLIN, ssl);
    }
    say_ready();
    static struct phase phase;
    while (begin_phase(&phase)) {
        const int64_t length = phase.deadline - phase.begin;
        take_until(phase.begin + length / 2);  // what had piled up before
        begin_now(&phase, (double)length / 1e9);
        phase.done = take_until(phase.deadline) / 1024;
        end_phase(&phase);
    }
    return 0;
}

// SPDX-License-Identifier: MIT
// Handshakes at a rate of their own, --rate a second: each connects, agrees on TLS 1.`--version`,
// has one message echoed and leaves. It waits for nobody: a stall is met by as many as come
// meanwhile. For each there is a line of output,
//     BEGIN END SERIAL [what went wrong]
// ns of CLOCK_MONOTONIC, and the serial number of the certificate that it was shown, or 0. It ends
// with its input, when all that were begun have ended.
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "bench/load/arguments.h"
#include "bench/load/tls.h"

enum { EVENTS = 256, SIZE = 64, PATIENCE = 10000 };

struct visit {
    int fd;
    uint32_t interest;
    int agreed;
    size_t received;
    int64_t begun;
    long serial;
    SSL* ssl;
};

static unsigned long port, rate = 200, version = 3;
static int set;
static unsigned under_way;
static SSL_CTX* context;
static char message[SIZE];

static void wait_for(struct visit* v, uint32_t events) {
    if (v->interest == events) return;
    watch(set, v->interest == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, v->fd, events, v);
    v->interest = events;
}

static void begin(void) {
    struct visit* const v = calloc(1, sizeof *v);
    if (v == NULL) die("calloc");
    ++under_way;
    v->begun = clock_ns(CLOCK_MONOTONIC);
    v->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const struct sockaddr_in there = loopback((uint16_t)port);
    if (v->fd < 0) die("socket");
    const int on = 1;
    setsockopt(v->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(v->fd, (const struct sockaddr*)&there, sizeof there) != 0 && errno != EINPROGRESS) {
        die("connect");
    }
    v->ssl = tls_open(context, v->fd);
    wait_for(v, EPOLLOUT);
}

static void end(struct visit* v, const char* wrong) {
    printf("%lld %lld %ld %s\n",
           (long long)v->begun,
           (long long)clock_ns(CLOCK_MONOTONIC),
           v->serial,
           wrong);
    if (wrong[0] == '\0') SSL_shutdown(v->ssl);
    SSL_free(v->ssl);
    close(v->fd);
    free(v);
    --under_way;
}

/// It waits, or has failed.
static void not_yet(struct visit* v, int result, const char* doing) {
    const int error = SSL_get_error(v->ssl, result);
    if (error == SSL_ERROR_WANT_READ) {
        wait_for(v, EPOLLIN);
        return;
    }
    if (error == SSL_ERROR_WANT_WRITE) {
        wait_for(v, EPOLLOUT);
        return;
    }
    char wrong[300];
    snprintf(
        wrong,
        sizeof wrong,
        "%s: %s",
        doing,
        error == SSL_ERROR_SYSCALL ? strerror(errno) : ERR_reason_error_string(ERR_peek_error()));
    end(v, wrong);
}

static void on_event(struct visit* v) {
    char received[SIZE];
    ERR_clear_error();
    errno = 0;
    if (!v->agreed) {
        const int result = SSL_do_handshake(v->ssl);
        if (result != 1) {
            not_yet(v, result, "the handshake");
            return;
        }
        v->agreed = 1;
        v->serial = ASN1_INTEGER_get(X509_get0_serialNumber(SSL_get0_peer_certificate(v->ssl)));
        const int sent = SSL_write(v->ssl, message, SIZE);
        if (sent != SIZE) {
            not_yet(v, sent, "writing");
            return;
        }
    }
    while (v->received < SIZE) {
        const int got = SSL_read(v->ssl, received, (int)(SIZE - v->received));
        if (got <= 0) {
            not_yet(v, got, "reading");
            return;
        }
        if (memcmp(received, message, (size_t)got) != 0) {
            end(v, "not the message");
            return;
        }
        v->received += (size_t)got;
    }
    end(v, "");
}

/// Milliseconds until the next is due, which is begun when that is over.
static int begin_what_is_due(void) {
    static int64_t next;
    const int64_t now = clock_ns(CLOCK_MONOTONIC);
    if (next == 0) next = now;
    for (; next <= now; next += 1000000000 / (int64_t)rate) begin();
    return (int)((next - now + 999999) / 1000000);
}

int main(int argc, char** argv) {
    const struct argument known[] = {
        {"--port", &port}, {"--rate", &rate}, {"--version", &version}, {NULL, NULL}};
    read_arguments(argc, argv, known);
    memset(message, 'm', sizeof message);
    raise_descriptor_limit();
    setvbuf(stdout, NULL, _IOLBF, 0);
    context = tls_client(version);
    set = epoll_create1(EPOLL_CLOEXEC);
    if (set < 0) die("epoll_create1");
    static int input;  // its address stands for the input
    watch(set, EPOLL_CTL_ADD, STDIN_FILENO, EPOLLIN, &input);
    for (int goes_on = 1; goes_on || under_way > 0;) {
        struct epoll_event events[EVENTS];
        const int ready = epoll_wait(set, events, EVENTS, goes_on ? begin_what_is_due() : PATIENCE);
        if (ready < 0 && errno != EINTR) die("epoll_wait");
        if (ready == 0 && !goes_on) fail("no answer for ten seconds");
        for (int i = 0; i < ready; ++i) {
            if (events[i].data.ptr != &input) {
                on_event(events[i].data.ptr);
            } else if (goes_on) {
                goes_on = 0;
                watch(set, EPOLL_CTL_DEL, STDIN_FILENO, 0, NULL);
            }
        }
    }
    return 0;
}

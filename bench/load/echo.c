// SPDX-License-Identifier: MIT
// A closed-loop load for echo servers: every connection keeps --depth messages on their way, and
// sends the next when one has come back. What comes back is compared byte by byte. Phases begin and
// end with nothing on its way, so that messages and CPU time are counted exactly.
#include <fcntl.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "bench/load/arguments.h"
#include "bench/load/phases.h"

enum {
    RECEIVE_SIZE = 256 * 1024,
    PATTERN_PERIOD = 65521,  // a prime: no message looks like the one before it
};

struct connection {
    int fd;
    int waits_for_room;
    // Positions in the stream: what came back, the last whole message of it, what the kernel took,
    // what is to be sent.
    uint64_t received, whole, written, sent;
    int64_t* started;  ///< ring of `depth`: when each message on its way was sent, ns
    uint64_t head, tail;
};

static unsigned long port, count = 1, size = 128, depth = 1;
static int set;
static struct connection* connections;
static char* pattern;
static char received[RECEIVE_SIZE];
static struct phase phase;

/// The bytes of every connection's stream from `position` on; another start for each connection, so
/// that bytes that come back on the wrong one are noticed.
static const char* bytes_at(const struct connection* c, uint64_t position) {
    const uint64_t start = (uint64_t)(c - connections) * 7919;
    return pattern + (start + position) % PATTERN_PERIOD;
}

static void make_pattern(size_t longest) {
    const size_t whole = PATTERN_PERIOD + longest;
    pattern = malloc(whole);
    if (pattern == NULL) die("malloc");
    uint32_t state = 2463534242U;
    for (size_t i = 0; i < whole; ++i) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        pattern[i] = i < PATTERN_PERIOD ? (char)state : pattern[i - PATTERN_PERIOD];
    }
}

static void flush(struct connection* c) {
    while (c->written < c->sent) {
        const ssize_t taken =
            send(c->fd, bytes_at(c, c->written), c->sent - c->written, MSG_NOSIGNAL);
        if (taken < 0) {
            if (!try_later()) die("send");
            break;
        }
        c->written += (uint64_t)taken;
    }
    const int waits = c->written < c->sent;
    if (waits != c->waits_for_room) {
        c->waits_for_room = waits;
        watch(set, EPOLL_CTL_MOD, c->fd, waits ? EPOLLIN | EPOLLOUT : EPOLLIN, c);
    }
}

/// Sends up to `wanted` messages in one piece, as far as the phase still wants any.
static void start_messages(struct connection* c, uint64_t wanted, int64_t now) {
    const uint64_t granted = grant(&phase, wanted, now);
    if (granted == 0) return;
    for (uint64_t i = 0; i < granted; ++i) c->started[c->head++ % depth] = now;
    c->sent += granted * size;
    flush(c);
}

static void on_readable(struct connection* c) {
    const ssize_t got = recv(c->fd, received, sizeof received, 0);
    if (got == 0) fail("the server closed a connection");
    if (got < 0) {
        if (try_later()) return;
        die("recv");
    }
    if (c->received + (uint64_t)got > c->written) fail("more came back than was sent");
    if (memcmp(received, bytes_at(c, c->received), (size_t)got) != 0) {
        fail("what came back is not what was sent");
    }
    c->received += (uint64_t)got;

    const int64_t now = clock_ns(CLOCK_MONOTONIC);
    uint64_t completed = 0;
    for (; c->whole + size <= c->received; c->whole += size, ++completed) {
        finish_one(&phase, c->started[c->tail++ % depth], now);
    }
    start_messages(c, completed, now);
}

static void on_event(const struct epoll_event* event) {
    struct connection* const c = event->data.ptr;
    if ((event->events & EPOLLOUT) != 0) flush(c);
    if ((event->events & ~(uint32_t)EPOLLOUT) != 0) on_readable(c);
}

/// Returns when everything that was sent has come back.
static void play(void) {
    for (unsigned long i = 0; i < count; ++i) {
        start_messages(&connections[i], depth, clock_ns(CLOCK_MONOTONIC));
    }
    until_over(&phase, set, on_event);
}

static void open_connections(void) {
    const struct sockaddr_in address = loopback((uint16_t)port);
    connections = calloc(count, sizeof *connections);
    if (connections == NULL) die("calloc");
    for (unsigned long i = 0; i < count; ++i) {
        struct connection* c = &connections[i];
        c->started = calloc(depth, sizeof *c->started);
        c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (c->started == NULL || c->fd < 0) die("socket");
        if (connect(c->fd, (const struct sockaddr*)&address, sizeof address) != 0) die("connect");
        const int on = 1;
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        // Ends with a reset: no port waits in TIME_WAIT for the runs that follow.
        const struct linger linger = {.l_onoff = 1, .l_linger = 0};
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
        if (fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0) die("fcntl");
        watch(set, EPOLL_CTL_ADD, c->fd, EPOLLIN, c);
    }
}

int main(int argc, char** argv) {
    const struct argument known[] = {{"--port", &port},
                                     {"--connections", &count},
                                     {"--size", &size},
                                     {"--depth", &depth},
                                     {NULL, NULL}};
    read_arguments(argc, argv, known);
    raise_descriptor_limit();
    make_pattern(size * depth > RECEIVE_SIZE ? size * depth : RECEIVE_SIZE);
    set = epoll_create1(EPOLL_CLOEXEC);
    if (set < 0) die("epoll_create1");
    open_connections();
    say_ready();
    while (begin_phase(&phase)) {
        play();
        end_phase(&phase);
    }
    return 0;
}

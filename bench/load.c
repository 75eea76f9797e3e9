// SPDX-License-Identifier: MIT
// A closed-loop load for echo servers: every connection keeps --depth messages on their way, and
// sends the next when one has come back. What comes back is compared byte by byte.
//
// Phases begin and end with nothing on its way, so messages and CPU time are counted exactly:
// all connections are opened and warmed up; then the measured phase; then one line of JSON. The
// server's CPU time is read here, from the kernel's clock of its process, at the phase's two ends.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/histogram.h"

enum {
    RECEIVE_SIZE = 256 * 1024,
    EVENTS = 512,
    PATTERN_PERIOD = 65521,  // a prime: no message looks like the one before it
    MAX_DEPTH = 1024,
    MAX_WATCHED = 16,
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

static struct {
    const char* host;
    uint16_t port;
    unsigned connections;
    size_t size;
    unsigned depth;
    double seconds;
    double warmup;
    uint64_t messages;  // 0: as many as fit into the seconds
    int hold;
    clockid_t watched[MAX_WATCHED];
    unsigned watched_count;
} options = {"127.0.0.1", 0, 1, 128, 1, 1.0, 0.2, 0, 0, {0}, 0};

static struct {
    int64_t deadline;  // ns; 0: none
    uint64_t quota;    // messages still to be sent; UINT64_MAX: no limit
    uint64_t in_flight;
    uint64_t done;
} phase;

static int set;
static struct connection* connections;
static char* pattern;
static char received[RECEIVE_SIZE];
static struct histogram latencies;

static void die(const char* what) {
    perror(what);
    exit(1);
}

static void fail(const char* what) {
    fprintf(stderr, "bench_load: %s\n", what);
    exit(1);
}

static int64_t clock_ns(clockid_t clock) {
    struct timespec now;
    if (clock_gettime(clock, &now) != 0) die("clock_gettime");
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t watched_ns(void) {
    int64_t sum = 0;
    for (unsigned i = 0; i < options.watched_count; ++i) sum += clock_ns(options.watched[i]);
    return sum;
}

/// The bytes of every connection's stream from `position` on; another start for each connection, so
/// that bytes that come back on the wrong one are noticed.
static const char* bytes_at(const struct connection* c, uint64_t position) {
    const uint64_t start = (uint64_t)(c - connections) * 7919;
    return pattern + (start + position) % PATTERN_PERIOD;
}

static void make_pattern(size_t longest) {
    const size_t size = PATTERN_PERIOD + longest;
    pattern = malloc(size);
    if (pattern == NULL) die("malloc");
    uint32_t state = 2463534242U;
    for (size_t i = 0; i < size; ++i) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        pattern[i] = i < PATTERN_PERIOD ? (char)state : pattern[i - PATTERN_PERIOD];
    }
}

static void watch(struct connection* c, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = c};
    if (epoll_ctl(set, operation, c->fd, &event) != 0) die("epoll_ctl");
}

static void flush(struct connection* c) {
    while (c->written < c->sent) {
        const ssize_t size =
            send(c->fd, bytes_at(c, c->written), c->sent - c->written, MSG_NOSIGNAL);
        if (size < 0) {
            if (errno == EINTR) continue;
            if (errno != EAGAIN) die("send");
            break;
        }
        c->written += (uint64_t)size;
    }
    const int waits = c->written < c->sent;
    if (waits != c->waits_for_room) {
        c->waits_for_room = waits;
        watch(c, EPOLL_CTL_MOD, waits ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
}

/// Sends up to `count` messages in one piece, as far as the phase still wants any.
static void start_messages(struct connection* c, uint64_t count, int64_t now) {
    if (count > phase.quota) count = phase.quota;
    if (count == 0) return;
    if (phase.quota != UINT64_MAX) phase.quota -= count;
    phase.in_flight += count;
    for (uint64_t i = 0; i < count; ++i) c->started[c->head++ % options.depth] = now;
    c->sent += count * options.size;
    flush(c);
}

static void on_readable(struct connection* c) {
    const ssize_t size = recv(c->fd, received, sizeof received, 0);
    if (size == 0) fail("the server closed a connection");
    if (size < 0) {
        if (errno == EAGAIN || errno == EINTR) return;
        die("recv");
    }
    if (c->received + (uint64_t)size > c->written) fail("more came back than was sent");
    if (memcmp(received, bytes_at(c, c->received), (size_t)size) != 0) {
        fail("what came back is not what was sent");
    }
    c->received += (uint64_t)size;

    const int64_t now = clock_ns(CLOCK_MONOTONIC);
    uint64_t completed = 0;
    for (; c->whole + options.size <= c->received; c->whole += options.size, ++completed) {
        histogram_add(&latencies, (uint64_t)(now - c->started[c->tail++ % options.depth]));
    }
    phase.done += completed;
    phase.in_flight -= completed;
    if (phase.deadline != 0 && now >= phase.deadline) phase.quota = 0;
    start_messages(c, completed, now);
}

/// Returns when everything that was sent has come back.
static void run_phase(double seconds, uint64_t messages) {
    const int64_t begin = clock_ns(CLOCK_MONOTONIC);
    phase.deadline = messages == 0 ? begin + (int64_t)(seconds * 1e9) : 0;
    phase.quota = messages == 0 ? UINT64_MAX : messages;
    phase.in_flight = 0;
    phase.done = 0;
    memset(&latencies, 0, sizeof latencies);
    for (unsigned i = 0; i < options.connections; ++i) {
        start_messages(&connections[i], options.depth, clock_ns(CLOCK_MONOTONIC));
    }
    while (phase.in_flight > 0) {
        struct epoll_event events[EVENTS];
        const int ready = epoll_wait(set, events, EVENTS, 10000);
        if (ready == 0) fail("no answer for ten seconds");
        if (ready < 0 && errno != EINTR) die("epoll_wait");
        for (int i = 0; i < ready; ++i) {
            struct connection* c = events[i].data.ptr;
            if ((events[i].events & EPOLLOUT) != 0) flush(c);
            if ((events[i].events & ~(uint32_t)EPOLLOUT) != 0) on_readable(c);
        }
    }
}

static void open_connections(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(options.port)};
    if (inet_pton(AF_INET, options.host, &address.sin_addr) != 1)
        fail("--host wants an IPv4 address");
    connections = calloc(options.connections, sizeof *connections);
    if (connections == NULL) die("calloc");
    for (unsigned i = 0; i < options.connections; ++i) {
        struct connection* c = &connections[i];
        c->started = calloc(options.depth, sizeof *c->started);
        c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (c->started == NULL || c->fd < 0) die("socket");
        if (connect(c->fd, (struct sockaddr*)&address, sizeof address) != 0) die("connect");
        const int on = 1;
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        // Ends with a reset: no port waits in TIME_WAIT for the runs that follow.
        const struct linger linger = {.l_onoff = 1, .l_linger = 0};
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
        if (fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0) die("fcntl");
        watch(c, EPOLL_CTL_ADD, EPOLLIN);
    }
}

static void parse_options(int argc, char** argv) {
    enum { HOST = 1, PORT, CONNECTIONS, SIZE, DEPTH, SECONDS, WARMUP, MESSAGES, WATCH, HOLD };
    static const struct option known[] = {
        {"host", required_argument, NULL, HOST},
        {"port", required_argument, NULL, PORT},
        {"connections", required_argument, NULL, CONNECTIONS},
        {"size", required_argument, NULL, SIZE},
        {"depth", required_argument, NULL, DEPTH},
        {"seconds", required_argument, NULL, SECONDS},
        {"warmup", required_argument, NULL, WARMUP},
        {"messages", required_argument, NULL, MESSAGES},
        {"watch", required_argument, NULL, WATCH},
        {"hold", no_argument, NULL, HOLD},
        {NULL, 0, NULL, 0},
    };
    for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (option) {
            case HOST:
                options.host = optarg;
                break;
            case PORT:
                options.port = (uint16_t)strtoul(optarg, NULL, 10);
                break;
            case CONNECTIONS:
                options.connections = (unsigned)strtoul(optarg, NULL, 10);
                break;
            case SIZE:
                options.size = strtoul(optarg, NULL, 10);
                break;
            case DEPTH:
                options.depth = (unsigned)strtoul(optarg, NULL, 10);
                break;
            case SECONDS:
                options.seconds = strtod(optarg, NULL);
                break;
            case WARMUP:
                options.warmup = strtod(optarg, NULL);
                break;
            case MESSAGES:
                options.messages = strtoull(optarg, NULL, 10);
                break;
            case HOLD:
                options.hold = 1;
                break;
            case WATCH:
                if (options.watched_count == MAX_WATCHED) fail("too many --watch");
                if (clock_getcpuclockid((pid_t)strtol(optarg, NULL, 10),
                                        &options.watched[options.watched_count++]) != 0) {
                    fail("--watch: no such process");
                }
                break;
            default:
                exit(2);
        }
    }
    if (options.port == 0 || options.connections == 0 || options.size == 0 || options.depth == 0 ||
        options.depth > MAX_DEPTH || optind != argc) {
        fprintf(stderr,
                "usage: bench_load --port N [--host IPV4] [--connections N] [--size BYTES]\n"
                "       [--depth N] [--seconds S | --messages N] [--warmup S] [--watch PID]...\n"
                "       [--hold]   says \"ready\" when warm, and waits for a line or the end of\n"
                "                  input before it measures and again before it ends\n");
        exit(2);
    }
}

static void hold(void) {
    if (!options.hold) return;
    for (int c; (c = getchar()) != '\n' && c != EOF;) {
    }
}

int main(int argc, char** argv) {
    parse_options(argc, argv);
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    const size_t in_flight = options.size * options.depth;
    make_pattern(in_flight > RECEIVE_SIZE ? in_flight : RECEIVE_SIZE);
    set = epoll_create1(EPOLL_CLOEXEC);
    if (set < 0) die("epoll_create1");

    open_connections();
    run_phase(options.warmup, 0);
    if (options.hold) {
        puts("ready");
        fflush(stdout);
    }
    hold();

    const int64_t begin = clock_ns(CLOCK_MONOTONIC);
    const int64_t own_begin = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    const int64_t server_begin = watched_ns();
    run_phase(options.seconds, options.messages);
    const int64_t server = watched_ns() - server_begin;
    const int64_t own = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - own_begin;
    const int64_t wall = clock_ns(CLOCK_MONOTONIC) - begin;

    printf(
        "{\"messages\": %llu, \"seconds\": %.6f, \"p50_us\": %.2f, \"p99_us\": %.2f, "
        "\"server_cpu_seconds\": %.9f, \"load_cpu_seconds\": %.9f}\n",
        (unsigned long long)phase.done,
        (double)wall / 1e9,
        (double)histogram_quantile(&latencies, 0.5) / 1e3,
        (double)histogram_quantile(&latencies, 0.99) / 1e3,
        (double)server / 1e9,
        (double)own / 1e9);
    fflush(stdout);
    hold();
    return 0;
}

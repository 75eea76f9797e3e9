// SPDX-License-Identifier: MIT
// A closed-loop load for a UDP echo server that may lose nothing: what comes back must be exactly
// what was sent, each datagram once, in order and whole. On one machine the kernel drops a datagram
// only where a receive buffer is full; so what is on its way is kept below that, and whatever is
// missing was lost by the server.
//
// Sizes are mixed: most are small, some empty, some as large as UDP has them. Which datagram has
// which size and bytes follows from its number, so nothing is kept to compare with.
//
// One line of JSON at the end. The server's CPU time is read from the kernel's clock of its
// process.
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum {
    LARGEST = 65507,
    BATCH = 64,
    PATTERN_PERIOD = 65521,  // a prime: no datagram looks like the one before it
    HEAD = 8,
    PATIENCE = 10,  // seconds
};

static struct {
    const char* host;
    uint16_t port;
    uint64_t count;
    uint64_t buffer;  // of the server, for receiving
    clockid_t watched;
    int watches;
} options = {"127.0.0.1", 0, 10000000, 212992, 0, 0};

static int fd;
static char pattern[PATTERN_PERIOD + LARGEST];
static char arrived[BATCH][LARGEST + 1];
static uint64_t to_send, sent, received;  // datagrams
static uint64_t bytes;                    // sent
static uint64_t on_its_way;               // what the kernel charges for it, at most

static void die(const char* what) {
    perror(what);
    exit(1);
}

/// Says which datagram it was.
static void fail(const char* what) {
    fprintf(stderr,
            "bench_volume: datagram %llu of %llu: %s\n",
            (unsigned long long)received,
            (unsigned long long)options.count,
            what);
    exit(1);
}

static int64_t clock_ns(clockid_t clock) {
    struct timespec now;
    if (clock_gettime(clock, &now) != 0) die("clock_gettime");
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void make_pattern(void) {
    uint32_t state = 2463534242U;
    for (size_t i = 0; i < sizeof pattern; ++i) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        pattern[i] = i < PATTERN_PERIOD ? (char)state : pattern[i - PATTERN_PERIOD];
    }
}

static uint64_t scramble(uint64_t number) {
    number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9U;
    number = (number ^ (number >> 27)) * 0x94D049BB133111EBU;
    return number ^ (number >> 31);
}

/// Of 1000 datagrams 20 are empty, 1 is as large as possible, 4 are larger than an Ethernet frame.
static size_t size_of(uint64_t number) {
    const uint64_t random = scramble(number);
    const uint64_t share = random % 1000;
    const uint64_t more = random / 1000;
    if (share < 20) return 0;
    if (share < 21) return LARGEST;
    if (share < 25) return 1473 + more % 14000;
    return share < 325 ? 512 + more % 961 : 1 + more % 511;
}

/// A datagram is its number, as far as that fits, and then a piece of the pattern.
static const char* tail_of(uint64_t number) {
    return pattern + number % PATTERN_PERIOD;
}

/// What the kernel charges a receive buffer for it is never more: pages are only partly filled.
static uint64_t cost_of(uint64_t number) {
    return 2 * size_of(number) + 1024;
}

/// A receive buffer counts up to a quarter of what was already read; the rest may be on its way.
static int fits(uint64_t number) {
    return on_its_way == 0 || on_its_way + cost_of(number) <= options.buffer / 3 * 2;
}

static void send_some(void) {
    struct mmsghdr messages[BATCH];
    struct iovec pieces[BATCH][2];
    uint64_t numbers[BATCH];
    unsigned count = 0;
    for (; count < BATCH && sent + count < to_send && fits(sent + count); ++count) {
        const size_t size = size_of(sent + count);
        const size_t head = size < HEAD ? size : HEAD;
        numbers[count] = sent + count;
        pieces[count][0] = (struct iovec){&numbers[count], head};
        pieces[count][1] = (struct iovec){(char*)tail_of(sent + count), size - head};
        messages[count] = (struct mmsghdr){.msg_hdr = {.msg_iov = pieces[count], .msg_iovlen = 2}};
        on_its_way += cost_of(sent + count);
        bytes += size;
    }
    for (unsigned done = 0; done < count;) {
        const int some = sendmmsg(fd, messages + done, count - done, MSG_NOSIGNAL);
        if (some < 0 && errno != EINTR) die("sendmmsg");
        if (some > 0) done += (unsigned)some;
    }
    sent += count;
}

static void check(const char* data, size_t size) {
    if (received == sent) fail("more came back than was sent");
    const size_t wanted = size_of(received);
    const size_t head = wanted < HEAD ? wanted : HEAD;
    if (size != wanted || memcmp(data, &received, head) != 0) {
        fail("another came back: one is lost, came twice, or overtook");
    }
    if (memcmp(data + head, tail_of(received), size - head) != 0) fail("has other bytes");
    on_its_way -= cost_of(received);
    ++received;
}

static void receive_some(void) {
    static struct mmsghdr messages[BATCH];
    static struct iovec pieces[BATCH];
    for (unsigned i = 0; i < BATCH; ++i) {
        pieces[i] = (struct iovec){arrived[i], sizeof arrived[i]};
        messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &pieces[i], .msg_iovlen = 1}};
    }
    const int count = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
    if (count < 0 && errno == EAGAIN) fail("did not come back");
    if (count < 0 && errno != EINTR) die("recvmmsg");
    for (int i = 0; i < count; ++i) check(arrived[i], messages[i].msg_len);
}

static void open_socket(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(options.port)};
    if (inet_pton(AF_INET, options.host, &address.sin_addr) != 1) {
        fprintf(stderr, "bench_volume: --host wants an IPv4 address\n");
        exit(2);
    }
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr*)&address, sizeof address) != 0) die("connect");
    // As large as the server's, which the kernel doubles in turn.
    const int half = (int)(options.buffer / 2);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &half, sizeof half) != 0) die("SO_RCVBUF");
    const struct timeval patience = {.tv_sec = PATIENCE};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    int got = 0;
    socklen_t size = sizeof got;
    if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &got, &size) != 0) die("SO_RCVBUF");
    if ((uint64_t)got < options.buffer) options.buffer = (uint64_t)got;
}

static void usage(void) {
    fprintf(stderr,
            "usage: bench_volume --port N [--host IPV4] [--count N] [--watch PID]\n"
            "       [--buffer BYTES]   the server's SO_RCVBUF, as the kernel says it\n");
    exit(2);
}

static void parse_options(int argc, char** argv) {
    enum { HOST = 1, PORT, COUNT, BUFFER, WATCH };
    static const struct option known[] = {
        {"host", required_argument, NULL, HOST},
        {"port", required_argument, NULL, PORT},
        {"count", required_argument, NULL, COUNT},
        {"buffer", required_argument, NULL, BUFFER},
        {"watch", required_argument, NULL, WATCH},
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
            case COUNT:
                options.count = strtoull(optarg, NULL, 10);
                break;
            case BUFFER:
                options.buffer = strtoull(optarg, NULL, 10);
                break;
            case WATCH:
                options.watches = 1;
                if (clock_getcpuclockid((pid_t)strtol(optarg, NULL, 10), &options.watched) != 0) {
                    fprintf(stderr, "bench_volume: --watch: no such process\n");
                    exit(2);
                }
                break;
            default:
                usage();
        }
    }
    if (options.port == 0 || options.count == 0 || options.buffer == 0 || optind != argc) usage();
}

static void run_to(uint64_t count) {
    to_send = count;
    while (received < count) {
        send_some();
        receive_some();
    }
}

int main(int argc, char** argv) {
    parse_options(argc, argv);
    make_pattern();
    open_socket();

    const int64_t begin = clock_ns(CLOCK_MONOTONIC);
    const int64_t own_begin = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    const int64_t server_begin = options.watches ? clock_ns(options.watched) : 0;
    run_to(options.count);
    const double server = options.watches ? (double)(clock_ns(options.watched) - server_begin) : 0;
    const double own = (double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - own_begin);
    const double wall = (double)(clock_ns(CLOCK_MONOTONIC) - begin);
    const double count = (double)options.count;
    const uint64_t sum = bytes;
    run_to(options.count + 1);  // had the last one come twice, this one would come too late

    printf(
        "{\"datagrams\": %llu, \"bytes\": %llu, \"seconds\": %.3f, \"per_second\": %.0f, "
        "\"server_cpu_us_each\": %.3f, \"load_cpu_us_each\": %.3f}\n",
        (unsigned long long)options.count,
        (unsigned long long)sum,
        wall / 1e9,
        count / (wall / 1e9),
        server / 1e3 / count,
        own / 1e3 / count);
    return 0;
}

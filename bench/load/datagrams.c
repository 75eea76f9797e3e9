// SPDX-License-Identifier: MIT
// A closed-loop load for datagram echo servers: one socket keeps --depth datagrams of --size bytes
// on their way, many to a system call. Each carries its number; what comes back is compared. One
// that does not come back within LOSS_MS is counted as lost, and another takes its place.
#include <poll.h>
#include <unistd.h>

#include "bench/load/arguments.h"
#include "bench/load/phases.h"

enum { LARGEST = 2048, DEEPEST = 256, LOSS_MS = 200 };

static unsigned long port, size = 64, depth = 64;
static int fd;
static uint64_t next;             ///< number of the datagram that is sent next
static int64_t started[DEEPEST];  ///< by number modulo DEEPEST, ns; 0: nothing on its way
static char bytes[DEEPEST][LARGEST];
static struct mmsghdr headers[DEEPEST];
static struct phase phase;

static void fill(char* datagram, uint64_t number) {
    memset(datagram, (int)('a' + number % 26), size);
    memcpy(datagram, &number, sizeof number);
}

static void send_datagrams(uint64_t wanted) {
    const int64_t now = clock_ns(CLOCK_MONOTONIC);
    const uint64_t granted = grant(&phase, wanted, now);
    for (uint64_t i = 0; i < granted; ++i, ++next) {
        fill(bytes[i], next);
        headers[i].msg_hdr.msg_iov->iov_len = size;
        started[next % DEEPEST] = now;
    }
    for (uint64_t sent = 0; sent < granted;) {
        const int taken = sendmmsg(fd, headers + sent, (unsigned)(granted - sent), 0);
        if (taken < 0 && !try_later()) die("sendmmsg");
        if (taken > 0) sent += (uint64_t)taken;
    }
}

/// Returns how many that were on their way have come back.
static uint64_t receive_datagrams(void) {
    for (int i = 0; i < DEEPEST; ++i) headers[i].msg_hdr.msg_iov->iov_len = LARGEST;
    const int got = recvmmsg(fd, headers, DEEPEST, MSG_DONTWAIT, NULL);
    if (got < 0 && !try_later()) die("recvmmsg");
    const int64_t now = clock_ns(CLOCK_MONOTONIC);
    uint64_t back = 0;
    for (int i = 0; i < got; ++i) {
        char expected[LARGEST];
        uint64_t number;
        memcpy(&number, bytes[i], sizeof number);
        fill(expected, number);
        if (headers[i].msg_len != size || memcmp(bytes[i], expected, size) != 0) {
            fail("what came back is not what was sent");
        }
        int64_t* const start = &started[number % DEEPEST];
        if (number + depth < next || *start == 0) continue;  // given up already
        finish_one(&phase, *start, now);
        *start = 0;
        ++back;
    }
    return back;
}

static void play(void) {
    send_datagrams(depth);
    while (!is_over(&phase)) {
        struct pollfd readable = {.fd = fd, .events = POLLIN};
        uint64_t free_places = 0;
        if (poll(&readable, 1, LOSS_MS) > 0) {
            free_places = receive_datagrams();
        } else {
            free_places = phase.started - phase.done - phase.lost;
            phase.lost += free_places;
            memset(started, 0, sizeof started);
        }
        if (free_places > 0) send_datagrams(free_places);
    }
}

int main(int argc, char** argv) {
    const struct argument known[] = {
        {"--port", &port}, {"--size", &size}, {"--depth", &depth}, {NULL, NULL}};
    read_arguments(argc, argv, known);
    if (size < sizeof(uint64_t) || size > LARGEST || depth > DEEPEST) fail("--size or --depth");
    static struct iovec vectors[DEEPEST];
    for (int i = 0; i < DEEPEST; ++i) {
        vectors[i].iov_base = bytes[i];
        headers[i].msg_hdr.msg_iov = &vectors[i];
        headers[i].msg_hdr.msg_iovlen = 1;
    }
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const struct sockaddr_in there = loopback((uint16_t)port);
    if (connect(fd, (const struct sockaddr*)&there, sizeof there) != 0) die("connect");
    say_ready();
    while (begin_phase(&phase)) {
        play();
        end_phase(&phase);
    }
    return 0;
}

// SPDX-License-Identifier: MIT
// A load for forwarding in bulk: --connections clients take whatever comes, as fast as it comes.
// What is counted is KiB. Between phases nothing is read, and back-pressure brings everything
// behind to a stop; what is measured begins and ends in full flow.
#include <unistd.h>

#include "bench/load/arguments.h"
#include "bench/load/phases.h"

enum { RECEIVE_SIZE = 1024 * 1024, EVENTS = 64 };

static unsigned long port, count = 4;

static uint64_t take(int fd, void* buffer) {
    // Truncated: what comes is not even copied.
    const ssize_t got = recv(fd, buffer, RECEIVE_SIZE, MSG_TRUNC | MSG_DONTWAIT);
    if (got == 0) fail("the server closed a connection");
    if (got < 0 && !try_later()) die("recv");
    return got > 0 ? (uint64_t)got : 0;
}

static int set;
static char* buffer;

/// Takes for so long; returns how many bytes that was.
static uint64_t take_until(int64_t deadline) {
    uint64_t bytes = 0;
    while (clock_ns(CLOCK_MONOTONIC) < deadline) {
        struct epoll_event events[EVENTS];
        const int ready = epoll_wait(set, events, EVENTS, 10000);
        if (ready == 0) fail("nothing came for ten seconds");
        for (int i = 0; i < ready; ++i) bytes += take(*(int*)events[i].data.ptr, buffer);
    }
    return bytes;
}

int main(int argc, char** argv) {
    const struct argument known[] = {{"--port", &port}, {"--connections", &count}, {NULL, NULL}};
    read_arguments(argc, argv, known);
    set = epoll_create1(EPOLL_CLOEXEC);
    buffer = malloc(RECEIVE_SIZE);
    int* const fds = calloc(count, sizeof *fds);
    if (set < 0 || fds == NULL || buffer == NULL) die("epoll_create1");
    const struct sockaddr_in there = loopback((uint16_t)port);
    for (unsigned long i = 0; i < count; ++i) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fds[i], (const struct sockaddr*)&there, sizeof there) != 0) die("connect");
        watch(set, EPOLL_CTL_ADD, fds[i], EPOLLIN, &fds[i]);
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

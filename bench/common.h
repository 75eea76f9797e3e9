// SPDX-License-Identifier: MIT
#pragma once

// What the small programs here share: they end at the first surprise.

#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

static inline void die(const char* what) {
    perror(what);
    exit(1);
}

static inline void fail(const char* what) {
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

static inline int64_t clock_ns(clockid_t clock) {
    struct timespec now;
    if (clock_gettime(clock, &now) != 0) die("clock_gettime");
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/// Opens as many files as it may.
static inline void raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) die("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) die("setrlimit");
}

static inline struct sockaddr_in loopback(uint16_t port) {
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return address;
}

/// A non-blocking socket on a free port of 127.0.0.1, which is printed as the first line of output.
/// A stream socket listens.
static inline int serve(int type) {
    const int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (fd < 0 || bind(fd, (struct sockaddr*)&address, size) != 0) die("bind");
    if (type == SOCK_STREAM && listen(fd, SOMAXCONN) != 0) die("listen");
    if (getsockname(fd, (struct sockaddr*)&address, &size) != 0) die("getsockname");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

/// What there is to accept next; -1 when there is nothing more.
static inline int accept_next(int listener) {
    for (;;) {
        const int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0 || errno == EAGAIN) return fd;
        if (errno != EINTR && errno != ECONNABORTED) die("accept4");
    }
}

/// Transient: the kernel will say when to try again.
static inline int try_later(void) {
    return errno == EAGAIN || errno == EINTR;
}

static inline void watch(int set, int operation, int fd, uint32_t events, void* data) {
    struct epoll_event event = {.events = events, .data.ptr = data};
    if (epoll_ctl(set, operation, fd, &event) != 0) die("epoll_ctl");
}

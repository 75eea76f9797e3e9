// SPDX-License-Identifier: MIT
// The yardstick: TCP echo with nothing between the program and the kernel. One thread, one
// level-triggered epoll set, one recv and one send for a message, no memory for a silent
// connection.
//
//     raw_epoll_echo [PORT]     0 or nothing takes a free port; the port is the first line of
//     output
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER_SIZE = 64 * 1024, EVENTS = 256, DESCRIPTORS = 1 << 20 };

/// What the kernel refused. Nothing more is read from the connection until it is gone.
struct rest {
    size_t size;
    size_t sent;
    char bytes[];
};

static struct rest* rests[DESCRIPTORS];  // by descriptor; pages nobody writes to cost nothing
static char buffer[BUFFER_SIZE];
static int set;

static void die(const char* what) {
    perror(what);
    exit(1);
}

static void watch(int operation, int fd, uint32_t events) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    if (epoll_ctl(set, operation, fd, &event) != 0) die("epoll_ctl");
}

static void drop(int fd) {
    if (rests[fd] != NULL) {
        free(rests[fd]);
        rests[fd] = NULL;
    }
    close(fd);
}

static void keep(int fd, const char* bytes, size_t size) {
    struct rest* rest = malloc(sizeof *rest + size);
    if (rest == NULL) die("malloc");
    rest->size = size;
    rest->sent = 0;
    memcpy(rest->bytes, bytes, size);
    rests[fd] = rest;
    watch(EPOLL_CTL_MOD, fd, EPOLLOUT);
}

static void echo(int fd) {
    const ssize_t size = recv(fd, buffer, sizeof buffer, 0);
    if (size <= 0) {
        if (size == 0 || (errno != EAGAIN && errno != EINTR)) drop(fd);
        return;
    }
    ssize_t sent = send(fd, buffer, (size_t)size, MSG_NOSIGNAL);
    if (sent == size) return;
    if (sent < 0) {
        if (errno != EAGAIN && errno != EINTR) {
            drop(fd);
            return;
        }
        sent = 0;
    }
    keep(fd, buffer + sent, (size_t)(size - sent));
}

static void send_rest(int fd) {
    struct rest* rest = rests[fd];
    const ssize_t sent = send(fd, rest->bytes + rest->sent, rest->size - rest->sent, MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno != EAGAIN && errno != EINTR) drop(fd);
        return;
    }
    rest->sent += (size_t)sent;
    if (rest->sent < rest->size) return;
    free(rest);
    rests[fd] = NULL;
    watch(EPOLL_CTL_MOD, fd, EPOLLIN);
}

static void accept_all(int listener) {
    for (;;) {
        const int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EINTR || errno == ECONNABORTED) continue;
            if (errno == EAGAIN) return;
            die("accept4");
        }
        if (fd >= DESCRIPTORS) {
            close(fd);
            continue;
        }
        const int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        watch(EPOLL_CTL_ADD, fd, EPOLLIN);
    }
}

static int listen_on(uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) die("socket");
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (bind(fd, (struct sockaddr*)&address, size) != 0) die("bind");
    if (listen(fd, SOMAXCONN) != 0) die("listen");
    if (getsockname(fd, (struct sockaddr*)&address, &size) != 0) die("getsockname");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

int main(int argc, char** argv) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    set = epoll_create1(EPOLL_CLOEXEC);
    if (set < 0) die("epoll_create1");
    const int listener = listen_on((uint16_t)(argc > 1 ? strtoul(argv[1], NULL, 10) : 0));
    watch(EPOLL_CTL_ADD, listener, EPOLLIN);

    struct epoll_event events[EVENTS];
    for (;;) {
        const int ready = epoll_wait(set, events, EVENTS, -1);
        if (ready < 0 && errno != EINTR) die("epoll_wait");
        for (int i = 0; i < ready; ++i) {
            const int fd = events[i].data.fd;
            if (fd == listener) {
                accept_all(listener);
            } else if (rests[fd] != NULL) {
                send_rest(fd);
            } else {
                echo(fd);
            }
        }
    }
}

// SPDX-License-Identifier: MIT
// The yardstick: TCP echo with nothing between the program and the kernel. One thread, one
// level-triggered epoll set, one recv and one send for a message, no memory for a silent
// connection.
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "bench/common.h"

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

static void watch_fd(int operation, int fd, uint32_t events) {
    watch(set, operation, fd, events, &rests[fd]);
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
    watch_fd(EPOLL_CTL_MOD, fd, EPOLLOUT);
}

static void echo(int fd) {
    const ssize_t size = recv(fd, buffer, sizeof buffer, 0);
    if (size <= 0) {
        if (size == 0 || !try_later()) drop(fd);
        return;
    }
    ssize_t sent = send(fd, buffer, (size_t)size, MSG_NOSIGNAL);
    if (sent == size) return;
    if (sent < 0) {
        if (!try_later()) {
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
        if (!try_later()) drop(fd);
        return;
    }
    rest->sent += (size_t)sent;
    if (rest->sent < rest->size) return;
    free(rest);
    rests[fd] = NULL;
    watch_fd(EPOLL_CTL_MOD, fd, EPOLLIN);
}

static void accept_all(int listener) {
    for (int fd; (fd = accept_next(listener)) >= 0;) {
        const int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        watch_fd(EPOLL_CTL_ADD, fd, EPOLLIN);
    }
}

int main(void) {
    raise_descriptor_limit();
    set = epoll_create1(EPOLL_CLOEXEC);
    if (set < 0) die("epoll_create1");
    const int listener = serve(SOCK_STREAM);
    watch_fd(EPOLL_CTL_ADD, listener, EPOLLIN);

    struct epoll_event events[EVENTS];
    for (;;) {
        const int ready = epoll_wait(set, events, EVENTS, -1);
        if (ready < 0 && errno != EINTR) die("epoll_wait");
        for (int i = 0; i < ready; ++i) {
            const int fd = (int)((struct rest**)events[i].data.ptr - rests);
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

// SPDX-License-Identifier: MIT
// What forwarding in bulk has behind it: bytes without end for whoever connects, as fast as they
// are taken.
#include <unistd.h>

#include "bench/common.h"

enum { PIECE = 256 * 1024, EVENTS = 64 };

int main(void) {
    static char bytes[PIECE];
    const int set = epoll_create1(EPOLL_CLOEXEC);
    if (set < 0) die("epoll_create1");
    const int listener = serve(SOCK_STREAM);
    watch(set, EPOLL_CTL_ADD, listener, EPOLLIN, NULL);
    static int fds[1 << 16];
    for (;;) {
        struct epoll_event events[EVENTS];
        const int ready = epoll_wait(set, events, EVENTS, -1);
        if (ready < 0 && errno != EINTR) die("epoll_wait");
        for (int i = 0; i < ready; ++i) {
            const int* const known = events[i].data.ptr;
            if (known != NULL) {
                if (send(*known, bytes, sizeof bytes, MSG_NOSIGNAL) < 0 && !try_later()) {
                    close(*known);
                }
                continue;
            }
            for (int fd; (fd = accept_next(listener)) >= 0;) {
                if (fd >= 1 << 16) fail("too many connections");
                fds[fd] = fd;
                watch(set, EPOLL_CTL_ADD, fd, EPOLLOUT, &fds[fd]);
            }
        }
    }
}

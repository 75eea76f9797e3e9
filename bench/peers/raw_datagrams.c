// SPDX-License-Identifier: MIT
// The yardstick for datagrams: up to 64 of them in with one recvmmsg, and back with one sendmmsg.
// It waits with poll, which knows nothing of the socket while there is work; with the argument
// `epoll` in a set, as any server of many sockets does, whose entry the kernel visits for every
// datagram that comes or is gone.
#include <poll.h>
#include <string.h>

#include "bench/common.h"

enum { BATCH = 64, LARGEST = 2048 };

static void wait_readable(int fd, int set) {
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    struct epoll_event event;
    const int woken = set < 0 ? poll(&readable, 1, -1) : epoll_wait(set, &event, 1, -1);
    if (woken < 0 && errno != EINTR) die("wait");
}

int main(int argc, char** argv) {
    static char bytes[BATCH][LARGEST];
    static struct sockaddr_in from[BATCH];
    static struct iovec vectors[BATCH];
    static struct mmsghdr headers[BATCH];
    const int fd = serve(SOCK_DGRAM);
    const int set = argc > 1 && strcmp(argv[1], "epoll") == 0 ? epoll_create1(EPOLL_CLOEXEC) : -1;
    if (set >= 0) watch(set, EPOLL_CTL_ADD, fd, EPOLLIN, NULL);
    for (;;) {
        wait_readable(fd, set);
        for (int got = BATCH; got == BATCH;) {
            for (int i = 0; i < BATCH; ++i) {
                vectors[i] = (struct iovec){bytes[i], LARGEST};
                headers[i].msg_hdr = (struct msghdr){.msg_name = &from[i],
                                                     .msg_namelen = sizeof from[i],
                                                     .msg_iov = &vectors[i],
                                                     .msg_iovlen = 1};
            }
            got = recvmmsg(fd, headers, BATCH, 0, NULL);
            if (got < 0 && !try_later()) die("recvmmsg");
            for (int i = 0; i < got; ++i) vectors[i].iov_len = headers[i].msg_len;
            // What the kernel does not take now is lost, as datagrams are.
            if (got > 0 && sendmmsg(fd, headers, (unsigned)got, 0) < 0 && !try_later()) {
                die("sendmmsg");
            }
        }
    }
}

// SPDX-License-Identifier: MIT
// The yardstick for datagrams: up to 64 of them in with one recvmmsg, and back with one sendmmsg.
#include <poll.h>

#include "bench/common.h"

enum { BATCH = 64, LARGEST = 2048 };

int main(void) {
    static char bytes[BATCH][LARGEST];
    static struct sockaddr_in from[BATCH];
    static struct iovec vectors[BATCH];
    static struct mmsghdr headers[BATCH];
    const int fd = serve(SOCK_DGRAM);
    for (struct pollfd readable = {.fd = fd, .events = POLLIN};;) {
        if (poll(&readable, 1, -1) < 0 && errno != EINTR) die("poll");
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

// SPDX-License-Identifier: MIT
// The yardstick for connections that are greeted: 64 bytes for whoever connects, and the end.
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "bench/common.h"

int main(void) {
    char greeting[64];
    memset(greeting, 'm', sizeof greeting);
    const int listener = serve(SOCK_STREAM);
    for (struct pollfd next = {.fd = listener, .events = POLLIN};;) {
        if (poll(&next, 1, -1) < 0 && errno != EINTR) die("poll");
        for (int fd; (fd = accept_next(listener)) >= 0; close(fd)) {
            if (send(fd, greeting, sizeof greeting, MSG_NOSIGNAL) < 0) perror("send");
        }
    }
}

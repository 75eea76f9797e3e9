/* SPDX-License-Identifier: MIT
 *
 * inject.c: a kernel at its worst, for LD_PRELOAD. On stream sockets and pipes every receiving call
 * brings one byte, every sending call takes a few, and calls fail in between with EINTR and EAGAIN.
 * All of that is allowed at any time; nothing that a protocol can see may depend on it.
 *
 * What the calls do follows from how many there were, so a run can be repeated.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

enum { most_taken = 7 };

/* Not the log on standard error, and not the runner's line, which is no stream. */
static bool disturbed(int fd, size_t wanted) {
    if (fd <= STDERR_FILENO || wanted == 0) return false;
    const int saved = errno;
    int type = 0;
    socklen_t size = sizeof type;
    struct stat status;
    bool is = false;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0) {
        is = type == SOCK_STREAM;
    } else {
        is = fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
    }
    errno = saved;
    return is;
}

/* True where the call fails; else how many bytes it may move. */
static bool fails(size_t* allowed, size_t most) {
    static atomic_uint calls;
    const unsigned call = atomic_fetch_add(&calls, 1);
    if (call % 5 == 1 || call % 5 == 3) {
        errno = call % 5 == 1 ? EINTR : EAGAIN;
        return true;
    }
    const size_t limit = most > 1 ? 1 + call % most : 1;
    if (*allowed > limit) *allowed = limit;
    return false;
}

EXPORT ssize_t recv(int fd, void* buffer, size_t size, int flags) {
    if (disturbed(fd, size) && fails(&size, 1)) return -1;
    return syscall(SYS_recvfrom, fd, buffer, size, flags, NULL, NULL);
}

EXPORT ssize_t read(int fd, void* buffer, size_t size) {
    if (disturbed(fd, size) && fails(&size, 1)) return -1;
    return syscall(SYS_read, fd, buffer, size);
}

EXPORT ssize_t send(int fd, const void* buffer, size_t size, int flags) {
    if (disturbed(fd, size) && fails(&size, most_taken)) return -1;
    return syscall(SYS_sendto, fd, buffer, size, flags, NULL, 0);
}

EXPORT ssize_t write(int fd, const void* buffer, size_t size) {
    if (disturbed(fd, size) && fails(&size, most_taken)) return -1;
    return syscall(SYS_write, fd, buffer, size);
}

EXPORT ssize_t sendfile(int to, int from, off_t* offset, size_t size) {
    if (disturbed(to, size) && fails(&size, most_taken)) return -1;
    return syscall(SYS_sendfile, to, from, offset, size);
}

/* The first pieces, up to so many bytes: their number, and the last of them in `cut`. */
static size_t shorten(struct iovec* cut, const struct iovec* pieces, size_t count, size_t allowed) {
    size_t i = 0;
    for (; i < count && i < most_taken; ++i) {
        cut[i] = pieces[i];
        if (cut[i].iov_len >= allowed) {
            cut[i++].iov_len = allowed;
            break;
        }
        allowed -= cut[i].iov_len;
    }
    return i;
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
    size_t allowed = most_taken;
    if (!disturbed(fd, message->msg_iovlen)) return syscall(SYS_sendmsg, fd, message, flags);
    if (fails(&allowed, most_taken)) return -1;
    struct iovec cut[most_taken];
    struct msghdr less = *message;
    less.msg_iov = cut;
    less.msg_iovlen = shorten(cut, message->msg_iov, message->msg_iovlen, allowed);
    return syscall(SYS_sendmsg, fd, &less, flags);
}

EXPORT ssize_t writev(int fd, const struct iovec* pieces, int count) {
    size_t allowed = most_taken;
    if (count <= 0 || !disturbed(fd, 1)) return syscall(SYS_writev, fd, pieces, count);
    if (fails(&allowed, most_taken)) return -1;
    struct iovec cut[most_taken];
    return syscall(SYS_writev, fd, cut, (int)shorten(cut, pieces, (size_t)count, allowed));
}

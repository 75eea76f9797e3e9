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

enum { most_taken = 7, most_taken_locally = 64, most_pieces = 7 };

/* Of a UNIX socket's buffer a kilobyte goes for each call, and it is writable only while three
 * quarters are free: filled with fewer bytes it would be by what a handshake leaves unread. */
static size_t taken_at_most(int fd) {
    int domain = 0;
    socklen_t size = sizeof domain;
    getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
    return domain == AF_UNIX ? most_taken_locally : most_taken;
}

/* How many bytes a sending call takes; 0: it is left alone, as are the log on standard error and
 * the runner's line, which is no stream. */
static size_t disturbed(int fd, size_t wanted) {
    if (fd <= STDERR_FILENO || wanted == 0) return 0;
    const int saved = errno;
    int type = 0;
    socklen_t size = sizeof type;
    struct stat status;
    size_t most = 0;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0) {
        if (type == SOCK_STREAM) most = taken_at_most(fd);
    } else if (fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode)) {
        most = most_taken;
    }
    errno = saved;
    return most;
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

/* The same, of a sending call. */
static bool sending_fails(int fd, size_t* allowed) {
    const size_t most = disturbed(fd, *allowed);
    return most > 0 && fails(allowed, most);
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
    if (sending_fails(fd, &size)) return -1;
    return syscall(SYS_sendto, fd, buffer, size, flags, NULL, 0);
}

EXPORT ssize_t write(int fd, const void* buffer, size_t size) {
    if (sending_fails(fd, &size)) return -1;
    return syscall(SYS_write, fd, buffer, size);
}

EXPORT ssize_t sendfile(int to, int from, off_t* offset, size_t size) {
    if (sending_fails(to, &size)) return -1;
    return syscall(SYS_sendfile, to, from, offset, size);
}

/* The first pieces, up to so many bytes: their number, and the last of them in `cut`. */
static size_t shorten(struct iovec* cut, const struct iovec* pieces, size_t count, size_t allowed) {
    size_t i = 0;
    for (; i < count && i < most_pieces; ++i) {
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
    const size_t most = disturbed(fd, message->msg_iovlen);
    if (most == 0) return syscall(SYS_sendmsg, fd, message, flags);
    size_t allowed = most;
    if (fails(&allowed, most)) return -1;
    struct iovec cut[most_pieces];
    struct msghdr less = *message;
    less.msg_iov = cut;
    less.msg_iovlen = shorten(cut, message->msg_iov, message->msg_iovlen, allowed);
    return syscall(SYS_sendmsg, fd, &less, flags);
}

EXPORT ssize_t writev(int fd, const struct iovec* pieces, int count) {
    const size_t most = disturbed(fd, count > 0 ? 1 : 0);
    if (most == 0) return syscall(SYS_writev, fd, pieces, count);
    size_t allowed = most;
    if (fails(&allowed, most)) return -1;
    struct iovec cut[most_pieces];
    return syscall(SYS_writev, fd, cut, (int)shorten(cut, pieces, (size_t)count, allowed));
}

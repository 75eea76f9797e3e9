// SPDX-License-Identifier: MIT
#include "daemon/net/pipe.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "daemon/net/inherited.hpp"

namespace protohost::net {

namespace {

OpenedPipe checked(base::Descriptor descriptor, PipeEnd end, const std::string& name) {
    if (std::string problem = check_pipe(descriptor.get(), end); !problem.empty()) {
        return {{}, name + ": " + problem};
    }
    return {std::move(descriptor), {}};
}

/// Whether the kernel can tell when there is something to read: of /dev/zero and the like it
/// cannot.
bool can_be_awaited(int fd) {
    const base::Descriptor set(::epoll_create1(EPOLL_CLOEXEC));
    epoll_event nothing{};
    return ::epoll_ctl(set.get(), EPOLL_CTL_ADD, fd, &nothing) == 0 || errno != EPERM;
}

}  // namespace

std::string check_pipe(int fd, PipeEnd end) {
    struct stat found {};
    if (::fstat(fd, &found) != 0) return std::strerror(errno);
    if (!S_ISFIFO(found.st_mode) && !S_ISSOCK(found.st_mode) && !S_ISCHR(found.st_mode)) {
        return "no FIFO, socket or character device, and nothing else can be waited for";
    }
    const int flags = ::fcntl(fd, F_GETFL);
    const bool reads = end == PipeEnd::read;
    if ((flags & O_ACCMODE) == (reads ? O_WRONLY : O_RDONLY)) {
        return reads ? "it is open for writing only: a read end is needed, and this is a write end"
                     : "it is open for reading only: a write end is needed, and this is a read end";
    }
    if (reads && !can_be_awaited(fd)) {
        return "the kernel cannot say when this device has something to read; a FIFO, a socket or "
               "a terminal can be read";
    }
    if (::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) return std::strerror(errno);
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    return {};
}

OpenedPipe open_pipe(const std::string& path, PipeEnd end) {
    const int mode = end == PipeEnd::read ? O_RDONLY : O_WRONLY;
    base::Descriptor descriptor(::open(path.c_str(), mode | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
    if (descriptor) return checked(std::move(descriptor), end, path);
    const bool unread = errno == ENXIO && end == PipeEnd::write;
    return {{}, "cannot open " + path + ": " + (unread ? "nobody reads it" : std::strerror(errno))};
}

base::Descriptor hold_fifo(int fd) {
    struct stat found {};
    if (::fstat(fd, &found) != 0 || !S_ISFIFO(found.st_mode)) return {};
    return base::Descriptor(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
}

bool last_writer_left(int fd) {
    pollfd state{fd, POLLIN, 0};
    return ::poll(&state, 1, 0) == 1 && (state.revents & (POLLIN | POLLHUP)) == POLLHUP;
}

OpenedPipe copy_pipe(int fd, PipeEnd end) {
    auto copy = copy_inherited(fd, {});
    if (!copy) return {{}, base::to_string(base::Errors(copy.error()).front())};
    return checked(std::move(*copy), end, "descriptor " + std::to_string(fd));
}

void let_go(int fd, PipeEnd end) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return;
    const base::Descriptor reading(ends[0]);
    const base::Descriptor writing(ends[1]);
    ::dup3((end == PipeEnd::read ? reading : writing).get(), fd, O_CLOEXEC);
}

}  // namespace protohost::net

// SPDX-License-Identifier: MIT
#include "daemon/net/pipe.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace protohost::net {

namespace {

OpenedPipe checked(base::Descriptor descriptor, const std::string& name) {
    if (std::string problem = check_pipe(descriptor.get()); !problem.empty()) {
        return {{}, name + ": " + problem};
    }
    return {std::move(descriptor), {}};
}

}  // namespace

std::string check_pipe(int fd) {
    struct stat found {};
    if (::fstat(fd, &found) != 0) return std::strerror(errno);
    if (!S_ISFIFO(found.st_mode) && !S_ISSOCK(found.st_mode) && !S_ISCHR(found.st_mode)) {
        return "no FIFO, socket or character device";
    }
    if (::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK) != 0) return std::strerror(errno);
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    return {};
}

OpenedPipe open_pipe(const std::string& path, PipeEnd end) {
    const int mode = end == PipeEnd::read ? O_RDONLY : O_WRONLY;
    base::Descriptor descriptor(::open(path.c_str(), mode | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
    if (descriptor) return checked(std::move(descriptor), path);
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

OpenedPipe copy_pipe(int fd) {
    const std::string name = "descriptor " + std::to_string(fd);
    base::Descriptor descriptor(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
    if (!descriptor) return {{}, name + ": " + std::strerror(errno)};
    return checked(std::move(descriptor), name);
}

void let_go(int fd, PipeEnd end) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return;
    const base::Descriptor reading(ends[0]);
    const base::Descriptor writing(ends[1]);
    ::dup3((end == PipeEnd::read ? reading : writing).get(), fd, O_CLOEXEC);
}

}  // namespace protohost::net

// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace protohost::detail::testing {

// What the daemon refuses of what it is asked to open, before it opens anything.

/// Whether the kernel says when there is something to read: of /dev/zero and the like it does not.
inline bool can_be_awaited(int fd) {
    const int set = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event nothing{};
    const bool refused = ::epoll_ctl(set, EPOLL_CTL_ADD, fd, &nothing) != 0 && errno == EPERM;
    ::close(set);
    return !refused;
}

/// What keeps a descriptor from being an end of a pipe, or empty.
inline std::string pipe_complaint(bool reads, int fd) {
    struct stat found {};
    if (::fstat(fd, &found) != 0) return "there is no such descriptor";
    if (!S_ISFIFO(found.st_mode) && !S_ISSOCK(found.st_mode) && !S_ISCHR(found.st_mode)) {
        return "no FIFO, socket or character device";
    }
    const bool other = (::fcntl(fd, F_GETFL) & O_ACCMODE) == (reads ? O_WRONLY : O_RDONLY);
    if (other) return reads ? "it is open for writing only" : "it is open for reading only";
    if (reads && !can_be_awaited(fd)) return "a device of which nobody knows when it can be read";
    return {};
}

inline bool is_bound(int fd) {
    union {
        sockaddr any;
        sockaddr_in v4;
        sockaddr_in6 v6;
        sockaddr_un path;
    } local{};
    socklen_t size = sizeof local;
    if (::getsockname(fd, &local.any, &size) != 0) return false;
    if (local.any.sa_family == AF_UNIX) return size > offsetof(sockaddr_un, sun_path);
    return (local.any.sa_family == AF_INET ? local.v4.sin_port : local.v6.sin6_port) != 0;
}

/// What keeps a descriptor from being what `method` takes, or empty.
inline std::string descriptor_complaint(std::string_view method, int fd) {
    const auto option = [fd](int name) {
        int value = -1;
        socklen_t size = sizeof value;
        return ::getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
    };
    if (method.ends_with("_pipe")) return pipe_complaint(method == "connect_read_pipe", fd);
    if (method == "create_datagram_endpoint") {
        return option(SO_TYPE) == SOCK_DGRAM ? "" : "the descriptor is no datagram socket";
    }
    if (option(SO_TYPE) != SOCK_STREAM) return "the descriptor is no stream socket";
    if (method.starts_with("create_unix_") && option(SO_DOMAIN) != AF_UNIX) {
        return "the descriptor is no UNIX socket";
    }
    const bool listens = option(SO_ACCEPTCONN) == 1;
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    const bool connected = ::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
    if (method.ends_with("server")) {
        const bool fits = listens || (is_bound(fd) && !connected);
        return fits ? "" : "the descriptor is no stream socket that listens or is bound";
    }
    if (listens) return "the descriptor is a listening socket";
    return connected ? "" : "the descriptor is not connected";
}

}  // namespace protohost::detail::testing

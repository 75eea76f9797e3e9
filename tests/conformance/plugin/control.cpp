// SPDX-License-Identifier: MIT
#include "control.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <span>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace conformance {

namespace {

int connect_to(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) throw std::invalid_argument("control: too long");
    path.copy(address.sun_path, path.size());
    // Not a stream: messages keep their borders, and what disturbs streams leaves it alone.
    const int fd = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0) throw std::runtime_error(std::string("no control socket: ") + std::strerror(errno));
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        const int error = errno;
        ::close(fd);
        throw std::runtime_error("cannot reach the runner: " + std::string(std::strerror(error)));
    }
    return fd;
}

/// One message, and the descriptor that comes with it, or -1.
ssize_t receive(int socket, std::span<char> buffer, int& descriptor) {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> space{};
    iovec piece{buffer.data(), buffer.size()};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = space.data();
    message.msg_controllen = space.size();
    const ssize_t size = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    const cmsghdr* const header = size < 0 ? nullptr : CMSG_FIRSTHDR(&message);
    descriptor = -1;
    if (header != nullptr) std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    return size;
}

}  // namespace

Control::Control(const std::string& path, protohost::Loop loop, Obey obey)
    : socket_(connect_to(path)),
      thread_([this, loop, obey = std::move(obey)] { read(loop, obey); }) {}

Control::~Control() {
    ::shutdown(socket_, SHUT_RDWR);  // the thread sees an end
    thread_.join();
    ::close(socket_);
}

void Control::send(std::string_view message) const {
    while (::send(socket_, message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        if (errno != EAGAIN && errno != EINTR) return;  // the runner is gone
        pollfd room{socket_, POLLOUT, 0};
        ::poll(&room, 1, -1);
    }
}

void Control::read(protohost::Loop loop, const Obey& obey) const {
    std::array<char, 4096> buffer;
    while (true) {
        int descriptor = -1;
        const ssize_t size = receive(socket_, buffer, descriptor);
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) return;
        std::string command(buffer.data(), static_cast<std::size_t>(size));
        loop.call_soon_threadsafe([obey, command, descriptor] { obey(command, descriptor); });
    }
}

}  // namespace conformance

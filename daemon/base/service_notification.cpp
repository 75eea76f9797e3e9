// SPDX-License-Identifier: MIT
#include "daemon/base/service_notification.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "daemon/base/utf8.hpp"

namespace protohost::base {

namespace {

constexpr const char* variable = "NOTIFY_SOCKET";

/// Empty: it is none that this program can speak to.
std::string address_of(const std::string& name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (name.size() < 2 || name.size() > sizeof address.sun_path) return {};
    if (name.front() != '/' && name.front() != '@') return {};
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name.front() == '@') address.sun_path[0] = '\0';
    const std::size_t size = offsetof(sockaddr_un, sun_path) + name.size();
    return {reinterpret_cast<const char*>(&address), size};
}

/// What is sent is only read.
iovec text_of(std::string_view state) {
    return {const_cast<char*>(state.data()), state.size()};  // NOLINT(*-const-cast)
}

}  // namespace

// sd_notify() reads the variable each time, so that it would have to stay where children find it.
Result<ServiceSocket> ServiceSocket::take_from_environment() {
    ServiceSocket taken;
    const char* const value = std::getenv(variable);
    if (value == nullptr) return taken;
    const std::string name(value);
    ::unsetenv(variable);
    if (name.empty()) return taken;
    taken.address_ = address_of(name);
    if (taken.address_.empty()) {
        return failure(variable,
                       "\"" + printable(name) + "\" is no UNIX socket",
                       "it begins with / or @; the service manager is told nothing");
    }
    taken.socket_ = Descriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!taken.socket_) {
        return failure(
            variable, std::string("cannot open a socket: ") + std::strerror(errno), {}, errno);
    }
    const timeval patience{.tv_sec = 1, .tv_usec = 0};
    ::setsockopt(taken.socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    return taken;
}

void ServiceSocket::send(std::string_view state) const {
    send(state, 0, nullptr);
}

void ServiceSocket::send_or_drop(std::string_view state) const {
    send(state, MSG_DONTWAIT, nullptr);
}

void ServiceSocket::send(std::string_view state, int descriptor) const {
    send(state, 0, &descriptor);
}

void ServiceSocket::send(std::string_view state, int flags, const int* descriptor) const {
    if (!socket_) return;
    // By its name each time: a manager that was restarted has another socket there.
    std::string address = address_;
    iovec text = text_of(state);
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof *descriptor)> control{};
    msghdr message{};
    message.msg_name = address.data();
    message.msg_namelen = static_cast<socklen_t>(address.size());
    message.msg_iov = &text;
    message.msg_iovlen = 1;
    if (descriptor != nullptr) {
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        cmsghdr& passed = *CMSG_FIRSTHDR(&message);
        passed.cmsg_level = SOL_SOCKET;
        passed.cmsg_type = SCM_RIGHTS;
        passed.cmsg_len = CMSG_LEN(sizeof *descriptor);
        std::memcpy(CMSG_DATA(&passed), descriptor, sizeof *descriptor);
    }
    while (::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | flags) < 0) {
        if (errno != EINTR) return;
    }
}

void ServiceSocket::wait_until_heard(std::chrono::milliseconds patience) const {
    if (!socket_) return;
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return;
    const Descriptor reading(ends[0]);
    Descriptor writing(ends[1]);
    // What has come before is dealt with first; then the manager closes its copy.
    send("BARRIER=1", writing.get());
    writing.close();
    pollfd closed{.fd = reading.get(), .events = 0, .revents = 0};
    static_cast<void>(::poll(&closed, 1, static_cast<int>(patience.count())));
}

ServiceSocket ServiceSocket::duplicate() const {
    ServiceSocket same;
    if (!socket_) return same;
    same.socket_ = Descriptor(::fcntl(socket_.get(), F_DUPFD_CLOEXEC, 3));
    same.address_ = address_;
    return same;
}

std::optional<std::chrono::microseconds> take_watchdog_interval() {
    std::uint64_t microseconds = 0;
    if (::sd_watchdog_enabled(1, &microseconds) <= 0) return std::nullopt;
    return std::chrono::microseconds(microseconds);
}

}  // namespace protohost::base

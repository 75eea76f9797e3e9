// SPDX-License-Identifier: MIT
#include "daemon/base/service_notification.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

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
    send(state, MSG_NOSIGNAL);
}

void ServiceSocket::send_or_drop(std::string_view state) const {
    send(state, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void ServiceSocket::send(std::string_view state, int flags) const {
    if (!socket_) return;
    // By its name each time: a manager that was restarted has another socket there.
    const auto* const to = reinterpret_cast<const sockaddr*>(address_.data());
    while (::sendto(socket_.get(),
                    state.data(),
                    state.size(),
                    flags,
                    to,
                    static_cast<socklen_t>(address_.size())) < 0) {
        if (errno != EINTR) return;
    }
}

std::optional<std::chrono::microseconds> take_watchdog_interval() {
    std::uint64_t microseconds = 0;
    if (::sd_watchdog_enabled(1, &microseconds) <= 0) return std::nullopt;
    return std::chrono::microseconds(microseconds);
}

}  // namespace protohost::base

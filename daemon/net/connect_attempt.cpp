// SPDX-License-Identifier: MIT
#include "daemon/net/connect_attempt.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <utility>

#include "daemon/net/bind_remedy.hpp"
#include "daemon/net/socket_options.hpp"

namespace protohost::net {

namespace {

constexpr auto longest_retry_delay = std::chrono::milliseconds(160);

bool is_ip(const SocketAddress& address) {
    return address.family() == AF_INET || address.family() == AF_INET6;
}

/// A connection to a free port of this machine that is given that very port for its own end meets
/// itself in the middle, and would hear what it says.
bool is_connected_to_itself(int fd, const SocketAddress& remote) {
    const SocketAddress local = SocketAddress::local_of(fd);
    // Nearly always the port says it, and the kernel need not be asked again.
    return is_ip(local) && local.port() == remote.port() && local == SocketAddress::peer_of(fd);
}

/// An orderly end would keep the port in TIME_WAIT, where whoever should listen there cannot have
/// it.
void reset_at_close(int fd) {
    const linger now{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

}  // namespace

ConnectAttempt::ConnectAttempt(Loop& loop, Owner& owner, const SocketAddress& remote)
    : loop_(loop), owner_(owner), remote_(remote), retry_(loop) {}

ConnectAttempt::~ConnectAttempt() {
    close();
}

ConnectAttempt::State ConnectAttempt::start(const model::SocketSettings& settings,
                                            const std::vector<SocketAddress>& local) {
    if (open(settings) && (local.empty() || bind(settings, local))) connect();
    return state_;
}

bool ConnectAttempt::open(const model::SocketSettings& settings) {
    socket_ =
        base::Descriptor(::socket(remote_.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket_) {
        ended(errno);
    } else if (const auto refused =
                   apply_stream_options(socket_.get(), remote_.family(), settings)) {
        refuse(*refused, settings);
    }
    return state_ == State::connecting;
}

void ConnectAttempt::refuse(const RefusedOption& refused, const model::SocketSettings& settings) {
    const base::Errors errors = at_its_key(refused, settings, {});
    fail(refused.os_errno,
         "connect to " + remote_.text() + " failed: " + base::to_string(errors.front()));
}

bool ConnectAttempt::bind(const model::SocketSettings& settings,
                          const std::vector<SocketAddress>& local) {
    const int on = 1;
    if (const auto refused =
            apply_bind_options(socket_.get(), remote_.family(), SOCK_STREAM, settings)) {
        refuse(*refused, settings);
        return false;
    }
    // The port is chosen when the remote address is known: it need be free for that one only.
    if (is_ip(remote_)) {
        ::setsockopt(socket_.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    }
    ConnectError error{PH_E_OS, EAFNOSUPPORT, {}};
    for (const SocketAddress& address : local) {
        if (address.family() != remote_.family()) continue;
        error = bind_to(address, settings);
        if (error.status == PH_OK) return true;
    }
    fail(std::move(error));
    return false;
}

ConnectError ConnectAttempt::bind_to(const SocketAddress& address,
                                     const model::SocketSettings& settings) {
    const auto cannot = [&](int os_errno, const std::string& cause, std::string hint = {}) {
        const base::Error error{place_of_local(settings, {}),
                                "cannot bind to " + address.text() + ": " + cause,
                                std::move(hint)};
        return ConnectError{os_errno != 0 ? PH_E_OS : PH_E_INVAL, os_errno, base::to_string(error)};
    };
    const auto refused = [&](const base::Errors& errors) {
        return cannot(errors.front().os_errno, base::to_string(errors.front()));
    };
    if (const std::string path = address.path(); !path.empty()) {
        auto file = SocketFile::claim(path, SOCK_STREAM, {});
        if (!file) return refused(file.error());
        file_ = std::move(*file);
    }
    if (::bind(socket_.get(), address.data(), address.size()) != 0) {
        const int error = errno;
        return cannot(
            error, std::strerror(error), is_ip(address) ? bind_remedy(error, SOCK_STREAM) : "");
    }
    const base::Errors errors = file_ != nullptr ? file_->bound(settings, {}) : base::Errors();
    return errors.empty() ? ConnectError{PH_OK, 0, {}} : refused(errors);
}

void ConnectAttempt::connect() {
    if (::connect(socket_.get(), remote_.data(), remote_.size()) == 0) return ended(0);
    const int error = errno;
    if (error == EINPROGRESS) {
        if (const auto outcome = settled_at_once()) {
            settled_errno_ = *outcome;
            return loop_.call_as_ready(*this);
        }
        const int refused = loop_.set().change(socket_.get(), 0, EPOLLOUT, *this);
        watched_ = refused == 0;
        if (!watched_) ended(refused);
    } else if (error == EAGAIN && remote_.family() == AF_UNIX) {
        // The listener's queue is full, and nothing tells when it no longer is.
        retry_.start(retry_delay_, [this] {
            connect();
            if (state_ != State::connecting) owner_.attempt_settled(*this);
        });
        retry_delay_ = std::min(retry_delay_ * 2, longest_retry_delay);
    } else {
        ended(error);
    }
}

std::optional<int> ConnectAttempt::settled_at_once() const {
    // Within this machine it is by the time that we have asked, and need not be waited for.
    if (!remote_.is_loopback()) return std::nullopt;
    if (::connect(socket_.get(), remote_.data(), remote_.size()) == 0) return 0;
    return errno == EALREADY ? std::nullopt : std::optional(errno);
}

void ConnectAttempt::run() {
    ended(settled_errno_);
    owner_.attempt_settled(*this);
}

void ConnectAttempt::on_events(std::uint32_t) {
    // Closed by what came before it in the same batch.
    if (!watched_) return;
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    ended(error);
    owner_.attempt_settled(*this);
}

void ConnectAttempt::ended(int os_errno) {
    leave_set();
    if (os_errno == 0 && is_connected_to_itself(socket_.get(), remote_)) {
        reset_at_close(socket_.get());
        os_errno = ECONNREFUSED;
    }
    if (os_errno == 0) {
        state_ = State::connected;
    } else {
        fail(os_errno, "connect to " + remote_.text() + " failed: " + std::strerror(os_errno));
    }
}

void ConnectAttempt::fail(ConnectError error) {
    state_ = State::failed;
    error_ = std::move(error);
    close();
}

void ConnectAttempt::close() {
    retry_.cancel();
    Task::unlink();
    leave_set();
    if (!socket_) return;
    socket_.close();
    file_.reset();
    loop_.reserve().released();
}

void ConnectAttempt::leave_set() {
    if (std::exchange(watched_, false)) loop_.set().change(socket_.get(), EPOLLOUT, 0, *this);
}

ConnectedSocket ConnectAttempt::take() {
    const SocketAddress known = peer();
    return {std::move(file_), std::move(socket_), known};
}

SocketAddress ConnectAttempt::peer() const {
    if (is_ip(remote_) && !remote_.is_unspecified()) return remote_;
    // As the kernel has it: 0.0.0.0 is reached at 127.0.0.1. Gone already: as it was asked for.
    const SocketAddress peer = SocketAddress::peer_of(socket_.get());
    return peer.family() == AF_UNSPEC ? remote_ : peer;
}

}  // namespace protohost::net

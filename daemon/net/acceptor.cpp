// SPDX-License-Identifier: MIT
#include "daemon/net/acceptor.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <utility>

namespace protohost::net {

namespace {

/// One event brings at most so many connections before others get their turn.
constexpr int accepts_per_event = 16;
/// While out of descriptors: they may also be freed where nobody tells us.
constexpr auto retry_interval = std::chrono::milliseconds(100);
/// Without a failure for so long, the shortage is over.
constexpr auto recovery_time = std::chrono::seconds(5);

std::string remedy(int os_errno) {
    switch (os_errno) {
        case EADDRINUSE:
            return "another listener or process has it, perhaps on every address; find it with ss "
                   "-ltnp";
        case EACCES:
            return "ports below 1024 need CAP_NET_BIND_SERVICE";
        case EADDRNOTAVAIL:
            return "no interface of this machine has that address";
        default:
            return {};
    }
}

/// 0 or an errno; `socket` is listening then.
int open_listening(const SocketAddress& address, base::Descriptor& socket) {
    const int on = 1;
    socket = base::Descriptor(
        ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
    if (!socket) return errno;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // Accepted sockets inherit it, which saves a system call for each of them.
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // [::] is IPv6 alone, so that it can stand beside 0.0.0.0.
    if (address.family() == AF_INET6) {
        ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    if (::bind(socket.get(), address.data(), address.size()) != 0) return errno;
    return ::listen(socket.get(), SOMAXCONN) == 0 ? 0 : errno;
}

}  // namespace

Acceptor::Acceptor(Loop& loop, base::Descriptor socket, SocketAddress local)
    : loop_(loop), socket_(std::move(socket)), local_(local), retry_(loop), recovery_(loop) {}

Acceptor::~Acceptor() {
    stop();
}

void Acceptor::stop() {
    loop_.reserve().forget(*this);
    retry_.cancel();
    recovery_.cancel();
    unlink();
    if (interest_ != 0) listen(false);
    socket_.close();
}

base::Result<std::vector<std::unique_ptr<Acceptor>>> Acceptor::bind(Loop& loop,
                                                                    const model::Address& address,
                                                                    const std::string& where) {
    auto addresses = resolve(address);
    if (!addresses) {
        base::Errors errors = addresses.error();
        for (auto& error : errors) error.where = where;
        return errors;
    }
    std::vector<std::unique_ptr<Acceptor>> acceptors;
    for (const SocketAddress& candidate : *addresses) {
        base::Descriptor socket;
        if (const int error = open_listening(candidate, socket); error != 0) {
            return base::failure(
                where,
                "cannot listen on tcp://" + candidate.text() + ": " + std::strerror(error),
                remedy(error));
        }
        const SocketAddress local = SocketAddress::local_of(socket.get());
        acceptors.push_back(
            std::unique_ptr<Acceptor>(new Acceptor(loop, std::move(socket), local)));
    }
    return acceptors;
}

void Acceptor::start(AcceptorOwner& owner) {
    owner_ = &owner;
    listen(true);
}

void Acceptor::listen(bool on) {
    const std::uint32_t wanted = on ? std::uint32_t{EPOLLIN} : 0;
    const int error = loop_.set().change(socket_.get(), interest_, wanted, *this);
    interest_ = error == 0 ? wanted : 0;
    if (error != 0) suspend(error);
}

void Acceptor::on_events(std::uint32_t) {
    // Stopped by what came before it in the same batch.
    if (interest_ == 0) return;
    for (int i = 0; i < accepts_per_event; ++i) {
        SocketAddress peer;
        base::Descriptor socket(::accept4(
            socket_.get(), peer.data(), peer.size_to_fill(), SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (socket) {
            owner_->accepted(std::move(socket), peer);
            continue;
        }
        switch (errno) {
            case EAGAIN:
                return;
            case EINVAL:  // shut down behind our back: trying again would spin
            case EMFILE:
            case ENFILE:
            case ENOBUFS:
            case ENOMEM:
                return suspend(errno);
            default:
                break;  // one connection's own trouble (aborted, refused by a filter): next
        }
    }
}

void Acceptor::suspend(int os_errno) {
    if (interest_ != 0) listen(false);
    loop_.reserve().exhausted(*this);
    if (failures_++ == 0) {
        owner_->accepting_suspended(os_errno);
        watch_recovery();
    }
    retry_.start(retry_interval, [this] { descriptor_free(); });
}

void Acceptor::descriptor_free() {
    if (!is_linked()) loop_.call_soon(*this);
}

void Acceptor::run() {
    if (interest_ != 0) return;
    loop_.reserve().forget(*this);
    retry_.cancel();
    if (loop_.reserve().restore()) {
        listen(true);
    } else {
        suspend(EMFILE);
    }
}

void Acceptor::watch_recovery() {
    recovery_.start(recovery_time, [this, seen = failures_] {
        if (failures_ == seen && interest_ != 0) {
            owner_->accepting_resumed(std::exchange(failures_, 0));
        } else {
            watch_recovery();
        }
    });
}

}  // namespace protohost::net

// SPDX-License-Identifier: MIT
#include "daemon/net/acceptor.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>
#include <utility>

#include "daemon/net/socket_options.hpp"

namespace protohost::net {

namespace {

/// One event brings at most so many connections before others get their turn.
constexpr int accepts_per_event = 16;
/// And its end so many: a millisecond or a few, whatever the length of the queue.
constexpr int accepts_at_end = 256;
/// While out of descriptors: they may also be freed where nobody tells us.
constexpr auto retry_interval = std::chrono::milliseconds(100);
/// Without a failure for so long, the shortage is over.
constexpr auto recovery_time = std::chrono::seconds(5);

/// To ask costs a tenth of being told EAGAIN, for which the kernel makes a socket first.
bool somebody_waits(int listening) {
    pollfd queue{listening, POLLIN, 0};
    return ::poll(&queue, 1, 0) != 0;
}

}  // namespace

Acceptor::Acceptor(Loop& loop, ListeningSocket socket)
    : loop_(loop),
      file_(std::move(socket.file)),
      socket_(std::move(socket.descriptor)),
      local_(socket.local),
      retry_(loop),
      recovery_(loop) {}

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
    file_.reset();
    owner_ = nullptr;
}

base::Result<std::vector<std::unique_ptr<Acceptor>>> Acceptor::bind(
    Loop& loop,
    const model::Address& address,
    const model::SocketSettings& settings,
    const std::string& where) {
    auto sockets = open_listening(address, settings, where);
    if (!sockets) return sockets.error();
    std::vector<std::unique_ptr<Acceptor>> acceptors;
    for (ListeningSocket& socket : *sockets) {
        acceptors.push_back(std::unique_ptr<Acceptor>(new Acceptor(loop, std::move(socket))));
    }
    return acceptors;
}

void Acceptor::accept_waiting() {
    // Bounded, for more may come as fast as they are accepted.
    for (int i = 0; i < accepts_at_end && owner_ != nullptr; ++i) {
        SocketAddress peer;
        auto socket = accept(peer);
        if (!socket && errno == EAGAIN) return;
        if (socket) owner_->accepted(std::move(socket), peer);
    }
}

base::Descriptor Acceptor::accept(SocketAddress& peer) {
    return base::Descriptor(
        ::accept4(socket_.get(), peer.data(), peer.size_to_fill(), SOCK_NONBLOCK | SOCK_CLOEXEC));
}

void Acceptor::retire(Loop& loop, std::vector<std::unique_ptr<Acceptor>>& acceptors) {
    for (auto& acceptor : acceptors) {
        acceptor->stop();
        loop.retire(std::move(acceptor));
    }
    acceptors.clear();
}

std::vector<std::string> Acceptor::retune(const model::SocketSettings& settings,
                                          const model::SocketSettings& former) {
    std::vector<std::string> problems;
    const auto refused = apply_stream_options(socket_.get(), local_.family(), settings, former);
    if (refused) problems.push_back(refused->text());
    if (::listen(socket_.get(), settings.backlog) != 0) {
        problems.push_back(std::string("socket.backlog: ") + std::strerror(errno));
    }
    if (file_ != nullptr) {
        for (const base::Error& error : file_->retune(settings, former)) {
            problems.push_back(base::to_string(error));
        }
    }
    return problems;
}

void Acceptor::pause() {
    paused_ = true;
    if (interest_ != 0) listen(false);
}

void Acceptor::resume() {
    if (!std::exchange(paused_, false) || owner_ == nullptr) return;
    // Suspended for want of descriptors as well: then that end of it goes on.
    if (interest_ == 0 && !retry_.running()) descriptor_free();
}

void Acceptor::start(AcceptorOwner& owner) {
    owner_ = &owner;
    if (!paused_) listen(true);
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
        base::Descriptor socket = accept(peer);
        if (socket) {
            owner_->accepted(std::move(socket), peer);
            // Mostly one comes alone. Where two do, there may be any number.
            if (interest_ == 0 || (i == 0 && !somebody_waits(socket_.get()))) return;
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
    if (interest_ != 0 || paused_) return;
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

// SPDX-License-Identifier: MIT
#include "daemon/unit/readiness_watch.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/process_environment.hpp"

namespace protohost::unit {

using Kind = model::ProcessReadiness::Kind;

namespace {

constexpr auto between_connections = std::chrono::milliseconds(100);

base::Errors cannot_open(std::string_view what) {
    return base::failure({}, base::format("cannot open {}: {}", what, std::strerror(errno)));
}

/// A name of its own in the abstract namespace, as NOTIFY_SOCKET has it; empty: none.
std::string bind_anywhere(int socket) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socklen_t size = sizeof address.sun_family;
    if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), size) != 0) return {};
    size = sizeof address;
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
    const std::size_t head = offsetof(sockaddr_un, sun_path) + 1;
    return '@' + std::string(static_cast<const char*>(address.sun_path) + 1, size - head);
}

/// Descriptors that came with a message are for a service manager that keeps them.
void close_all(const cmsghdr& part) {
    const std::size_t count = (part.cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(&part) + i * sizeof fd, sizeof fd);
        ::close(fd);
    }
}

/// The user whom the kernel says that a message is from.
uid_t sender_of(msghdr& message) {
    auto user = static_cast<uid_t>(-1);
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
         part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET) continue;
        if (part->cmsg_type == SCM_RIGHTS) close_all(*part);
        if (part->cmsg_type != SCM_CREDENTIALS) continue;
        ucred sender{};
        std::memcpy(&sender, CMSG_DATA(part), sizeof sender);
        user = sender.uid;
    }
    return user;
}

}  // namespace

ReadinessWatch::ReadinessWatch(const Shared& shared,
                               const model::ProcessReadiness& settings,
                               Events events)
    : shared_(shared),
      settings_(settings),
      events_(std::move(events)),
      deadline_(shared.loop),
      pause_(shared.loop) {}

ReadinessWatch::~ReadinessWatch() {
    unwatch();
}

void ReadinessWatch::retire(net::Loop& loop, std::unique_ptr<ReadinessWatch> watch) {
    if (watch == nullptr) return;
    watch->unwatch();
    watch->deadline_.cancel();
    watch->pause_.cancel();
    watch->connector_.reset();
    loop.retire(std::unique_ptr<net::EventSink>(watch.release()));
}

base::Errors ReadinessWatch::prepare(net::ProcessPlan& plan) {
    if (settings_.kind == Kind::newline) return open_pipe(plan);
    if (settings_.kind == Kind::notify) return open_socket(plan);
    return {};
}

base::Errors ReadinessWatch::open_pipe(net::ProcessPlan& plan) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return cannot_open("a pipe for ready.newline");
    ours_ = base::Descriptor(ends[0]);
    theirs_ = base::Descriptor(ends[1]);
    ::fcntl(ours_.get(), F_SETFL, O_NONBLOCK);
    plan.descriptors[settings_.descriptor] = theirs_.get();
    return {};
}

base::Errors ReadinessWatch::open_socket(net::ProcessPlan& plan) {
    ours_ = base::Descriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!ours_) return cannot_open("a socket for ready.notify");
    const int on = 1;
    if (::setsockopt(ours_.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
        return cannot_open("a socket for ready.notify");
    }
    const std::string name = bind_anywhere(ours_.get());
    if (name.empty()) return cannot_open("a socket for ready.notify");
    net::set_variable(plan.environment, "NOTIFY_SOCKET=" + name);
    return {};
}

void ReadinessWatch::begin(uid_t user) {
    user_ = user;
    theirs_.close();
    if (settings_.kind == Kind::started) {
        return pause_.start(std::chrono::nanoseconds(0), [this] { tell(events_.ready); });
    }
    if (settings_.kind == Kind::after) {
        return pause_.start(settings_.after, [this] { tell(events_.ready); });
    }
    if (settings_.timeout.count() != 0) {
        deadline_.start(settings_.timeout, [this] { tell(events_.expired); });
    }
    settings_.kind == Kind::connect ? connect() : watch();
}

void ReadinessWatch::tell(const std::function<void()>& event) {
    unwatch();
    deadline_.cancel();
    pause_.cancel();
    // It may destroy this.
    const auto copy = event;
    copy();
}

void ReadinessWatch::watch() {
    watched_ = shared_.loop.set().change(ours_.get(), 0, EPOLLIN, *this) == 0;
}

void ReadinessWatch::unwatch() {
    if (std::exchange(watched_, false)) shared_.loop.set().change(ours_.get(), EPOLLIN, 0, *this);
}

void ReadinessWatch::on_events(std::uint32_t) {
    if (!watched_) return;  // retired since the kernel said so
    settings_.kind == Kind::newline ? read_pipe() : read_socket();
}

void ReadinessWatch::read_pipe() {
    std::array<char, 512> part;  // NOLINT(*-member-init)
    const ssize_t size = ::read(ours_.get(), part.data(), part.size());
    if (size < 0) return;
    // Closed without a word: the deadline says what that means.
    if (size == 0) return unwatch();
    const std::string_view read(part.data(), static_cast<std::size_t>(size));
    if (read.find('\n') != std::string_view::npos) tell(events_.ready);
}

void ReadinessWatch::read_socket() {
    std::array<char, 4096> text;  // NOLINT(*-member-init)
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred)) + 256> control{};
    iovec piece{text.data(), text.size()};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = ::recvmsg(ours_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (size <= 0) return;
    const uid_t sender = sender_of(message);
    // Anybody can find the name of the socket.
    if (sender != user_ && sender != 0 && sender != ::geteuid()) return;
    understand({text.data(), static_cast<std::size_t>(size)});
}

void ReadinessWatch::understand(const std::string& message) {
    bool ready = false;
    for (std::size_t at = 0; at < message.size();) {
        const std::size_t end = std::min(message.find('\n', at), message.size());
        const std::string line = message.substr(at, end - at);
        if (line == "READY=1") ready = true;
        if (line.starts_with("STATUS=") && events_.status) events_.status(line.substr(7));
        at = end + 1;
    }
    if (!ready) return;
    // What it says of itself later is wanted too.
    deadline_.cancel();
    const auto tell_ready = events_.ready;
    tell_ready();
}

void ReadinessWatch::connect() {
    connector_ = std::make_unique<net::Connector>(
        shared_.loop,
        shared_.resolver,
        net::ConnectSettings{settings_.address->value, {}, std::chrono::seconds(1)},
        static_cast<net::ConnectorOwner&>(*this));
}

void ReadinessWatch::connected(net::Connector&, net::ConnectedSocket) {
    connector_.reset();
    tell(events_.ready);
}

void ReadinessWatch::connect_failed(net::Connector&, const net::ConnectError&) {
    connector_.reset();
    pause_.start(between_connections, [this] { connect(); });
}

}  // namespace protohost::unit

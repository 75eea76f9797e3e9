// SPDX-License-Identifier: MIT
#include "daemon/net/peer_name.hpp"

#include <cstring>
#include <sys/socket.h>
#include <utility>

namespace protohost::net {

namespace {

constexpr uid_t nobody_known = static_cast<uid_t>(-1);

}  // namespace

struct PeerName::Relayed {
    PeerName client;
    PeerName reached;
};

PeerName::PeerName(std::string pipe)
    : name_(std::make_unique<const std::string>(std::move(pipe))) {}

PeerName::PeerName(const SocketAddress& client, const SocketAddress& reached)
    : name_(std::make_unique<Relayed>(Relayed{client, reached})) {}

PeerName::PeerName(PeerName&& other) noexcept = default;

PeerName::~PeerName() = default;

PeerName::PeerName(const SocketAddress& address) {
    if (address.family() == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, address.data(), sizeof v4);
        Ip& ip = name_.emplace<Ip>(Ip{{}, 0, v4.sin_port, AF_INET});
        std::memcpy(&ip.host, &v4.sin_addr, sizeof v4.sin_addr);
    } else if (address.family() == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, address.data(), sizeof v6);
        name_ = Ip{v6.sin6_addr, v6.sin6_scope_id, v6.sin6_port, AF_INET6};
    } else if (address.family() == AF_UNIX) {
        if (address.text().empty()) {
            name_ = Unnamed{0, nobody_known};
        } else {
            name_ = std::make_unique<const SocketAddress>(address);
        }
    }
}

void PeerName::identify(int fd) {
    auto* const unnamed = std::get_if<Unnamed>(&name_);
    if (unnamed == nullptr) return;
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return;
    *unnamed = {peer.pid, peer.uid};
}

SocketAddress PeerName::reached() const {
    const auto* const relayed = std::get_if<std::unique_ptr<Relayed>>(&name_);
    return relayed != nullptr ? (*relayed)->reached.address() : SocketAddress();
}

SocketAddress PeerName::address() const {
    if (const auto* const relayed = std::get_if<std::unique_ptr<Relayed>>(&name_)) {
        return (*relayed)->client.address();
    }
    if (const auto* const named = std::get_if<std::unique_ptr<const SocketAddress>>(&name_)) {
        return **named;
    }
    if (std::holds_alternative<Unnamed>(name_)) {
        constexpr sa_family_t family = AF_UNIX;
        return {&family, sizeof family};
    }
    const auto* const ip = std::get_if<Ip>(&name_);
    if (ip == nullptr) return {};
    if (ip->family == AF_INET) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = ip->port;
        std::memcpy(&v4.sin_addr, &ip->host, sizeof v4.sin_addr);
        return {&v4, sizeof v4};
    }
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = ip->port;
    v6.sin6_addr = ip->host;
    v6.sin6_scope_id = ip->scope;
    return {&v6, sizeof v6};
}

std::string PeerName::label() const {
    if (const auto* const pipe = std::get_if<std::unique_ptr<const std::string>>(&name_)) {
        return **pipe;
    }
    const auto* const unnamed = std::get_if<Unnamed>(&name_);
    if (unnamed == nullptr || unnamed->uid == nobody_known) return address().label();
    const std::string user = "uid " + std::to_string(unnamed->uid);
    // 0: a process that our PID namespace does not see.
    if (unnamed->pid == 0) return "unix (" + user + ")";
    return "unix (pid " + std::to_string(unnamed->pid) + " " + user + ")";
}

}  // namespace protohost::net

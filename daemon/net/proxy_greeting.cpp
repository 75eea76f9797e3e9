// SPDX-License-Identifier: MIT
#include "daemon/net/proxy_greeting.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>

#include "daemon/model/quantity.hpp"

namespace protohost::net {

void ProxyGreeting::start(std::chrono::nanoseconds timeout) {
    const int error = loop_.set().change(socket_, 0, EPOLLIN, *this);
    interest_ = error == 0 ? std::uint32_t{EPOLLIN} : 0;
    const std::string why = error == 0 ? "none came within " + model::format_duration(timeout)
                                       : std::string(std::strerror(error));
    deadline_.start(error == 0 ? timeout : std::chrono::nanoseconds(0), [this, why] { fail(why); });
}

void ProxyGreeting::stop() {
    deadline_.cancel();
    if (interest_ != 0) loop_.set().change(socket_, interest_, 0, *this);
    interest_ = 0;
}

void ProxyGreeting::on_events(std::uint32_t) {
    while (interest_ != 0 && read_more()) {
    }
}

bool ProxyGreeting::read_more() {
    // Looked at first: only what belongs to the header may be taken away.
    std::array<char, largest_proxy_header> room;
    const ssize_t seen =
        ::recv(socket_, room.data(), largest_proxy_header - bytes_.size(), MSG_PEEK);
    if (seen < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (seen <= 0) {
        fail(seen == 0 ? "the connection ended before it" : std::strerror(errno));
        return false;
    }
    const std::size_t before = bytes_.size();
    bytes_.append(room.data(), static_cast<std::size_t>(seen));
    const ProxyHeaderRead read = read_proxy_header(bytes_);
    if (read.state == ProxyHeaderRead::State::invalid) {
        fail(read.problem);
        return false;
    }
    const bool complete = read.state == ProxyHeaderRead::State::complete;
    const std::size_t ours = complete ? read.header.size - before : static_cast<std::size_t>(seen);
    ::recv(socket_, room.data(), ours, 0);
    if (!complete) return true;
    stop();
    owner_.greeted(*this, read.header);
    return false;
}

void ProxyGreeting::fail(const std::string& problem) {
    stop();
    owner_.greeting_failed(*this, problem);
}

}  // namespace protohost::net

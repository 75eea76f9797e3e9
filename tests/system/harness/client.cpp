// SPDX-License-Identifier: MIT
#include "tests/system/harness/client.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstddef>
#include <netinet/in.h>
#include <ostream>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "tests/system/harness/scale.hpp"

namespace protohost::harness {
namespace {

sockaddr_in loopback(std::uint8_t last, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + last);
    return address;
}

const sockaddr* generic(const sockaddr_in& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

void set(int socket, int level, int option, int value) {
    ::setsockopt(socket, level, option, &value, sizeof value);
}

void be_patient(int socket) {
    const timeval timeout{patience.count(), 0};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
}

}  // namespace

std::ostream& operator<<(std::ostream& out, Ending ending) {
    switch (ending) {
        case Ending::orderly:
            return out << "orderly";
        case Ending::reset:
            return out << "reset";
        case Ending::never:
            return out << "never";
    }
    return out;
}

Client::Client(std::uint16_t port, const ClientOptions& options)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int fd = socket_.get();
    be_patient(fd);
    if (options.receive_buffer != 0) set(fd, SOL_SOCKET, SO_RCVBUF, options.receive_buffer);
    if (options.from != 1) {
        const sockaddr_in here = loopback(options.from, 0);
        set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
        if (::bind(fd, generic(here), sizeof here) != 0) socket_.close();
    }
    const sockaddr_in there = loopback(1, port);
    if (::connect(fd, generic(there), sizeof there) != 0) socket_.close();
}

Client::Client(const std::string& path)
    : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    be_patient(socket_.get());
    sockaddr_un there{};
    there.sun_family = AF_UNIX;
    path.copy(there.sun_path, sizeof there.sun_path - 1);
    if (path.starts_with('@')) there.sun_path[0] = '\0';
    // Of an abstract name every byte counts, and there is none behind it.
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    const auto* const address = reinterpret_cast<const sockaddr*>(&there);
    if (::connect(socket_.get(), address, size) != 0) socket_.close();
}

Client::Client(base::Descriptor connected) : socket_(std::move(connected)) {
    be_patient(socket_.get());
}

std::string Client::name() const {
    sockaddr_in here{};
    socklen_t size = sizeof here;
    ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&here), &size);
    return "127.0.0.1:" + std::to_string(ntohs(here.sin_port));
}

bool Client::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

std::string Client::receive(std::size_t size) {
    std::string all(size, '\0');
    std::size_t filled = 0;
    while (filled < size) {
        const ssize_t got = ::recv(socket_.get(), all.data() + filled, size - filled, 0);
        if (got <= 0) break;
        filled += static_cast<std::size_t>(got);
    }
    all.resize(filled);
    return all;
}

std::string Client::receive_line() {
    std::string line;
    while (line.empty() || line.back() != '\n') {
        const std::string next = receive(1);
        if (next.empty()) break;
        line += next;
    }
    return line;
}

bool Client::echoes(std::string_view bytes) {
    return send(bytes) && receive(bytes.size()) == bytes;
}

bool Client::readable_within(int milliseconds) const {
    pollfd readable{socket_.get(), POLLIN, 0};
    return ::poll(&readable, 1, milliseconds) == 1;
}

bool Client::writable_within(int milliseconds) const {
    pollfd writable{socket_.get(), POLLOUT, 0};
    return ::poll(&writable, 1, milliseconds) == 1;
}

Ending Client::ending(std::string* rest) {
    std::array<char, 65536> buffer;
    while (true) {
        const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
        if (got == 0) return Ending::orderly;
        if (got < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? Ending::never : Ending::reset;
        if (rest != nullptr) rest->append(buffer.data(), static_cast<std::size_t>(got));
    }
}

void Client::shut_down_writing() {
    ::shutdown(socket_.get(), SHUT_WR);
}

void Client::reset() {
    const linger none{1, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &none, sizeof none);
    socket_.close();
}

}  // namespace protohost::harness

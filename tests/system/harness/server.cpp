// SPDX-License-Identifier: MIT
#include "tests/system/harness/server.hpp"

#include <arpa/inet.h>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <gtest/gtest.h>

#include "tests/system/harness/free_port.hpp"
#include "tests/system/harness/scale.hpp"

namespace protohost::harness {

Server::Server()
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      port_(bind_to_free_port(socket_.get())) {}

Server::Server(const std::string& path)
    : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
    EXPECT_EQ(::bind(socket_.get(), generic, sizeof address), 0) << std::strerror(errno);
    listen();
}

std::string Server::address() const {
    return "tcp://127.0.0.1:" + std::to_string(port_);
}

void Server::listen(int backlog) {
    EXPECT_EQ(::listen(socket_.get(), backlog), 0);
}

void Server::fall_silent() {
    listen(0);  // a queue of one
    Client filler(port_);
    EXPECT_TRUE(filler);
    filler_ = filler.release();
}

Client Server::accept() {
    pollfd waiting{socket_.get(), POLLIN, 0};
    const auto timeout = std::chrono::duration_cast<std::chrono::milliseconds>(patience);
    EXPECT_EQ(::poll(&waiting, 1, static_cast<int>(timeout.count())), 1) << "nobody connects";
    return Client(base::Descriptor(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
}

void Server::let_inherit() {
    EXPECT_EQ(::fcntl(socket_.get(), F_SETFD, 0), 0);
}

}  // namespace protohost::harness

// SPDX-License-Identifier: MIT
#include "tests/daemon/net/connect_rig.hpp"

#include <filesystem>
#include <iterator>
#include <ostream>
#include <poll.h>
#include <sys/socket.h>
#include <utility>

#include <gtest/gtest.h>

namespace protohost::net {

void PrintTo(const ConnectError& error, std::ostream* out) {
    *out << error.status << "/" << error.os_errno << ": " << error.text;
}

}  // namespace protohost::net

namespace protohost::net::testing {

Endpoint::Endpoint(const std::string& host) : host_(host) {
    const SocketAddress any = *numeric({.host = host, .port = 0});
    socket_ =
        base::Descriptor(::socket(any.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(socket_.get(), any.data(), any.size()), 0);
    address_ = SocketAddress::local_of(socket_.get());
}

model::Address Endpoint::tcp() const {
    return {.host = host_, .port = address_.port()};
}

void Endpoint::listen(int backlog) {
    EXPECT_EQ(::listen(socket_.get(), backlog), 0);
}

void Endpoint::become_black_hole() {
    listen(0);  // a queue of one
    fillers_.emplace_back(::socket(address_.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(fillers_.back().get(), address_.data(), address_.size()), 0);
}

void Endpoint::make_room() {
    for (; !fillers_.empty(); fillers_.pop_back()) accept();
}

base::Descriptor Endpoint::accept() {
    pollfd waiting{socket_.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&waiting, 1, 10'000), 1) << "nobody connects";
    return base::Descriptor(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
}

std::vector<base::Descriptor> Endpoint::accept_all() {
    std::vector<base::Descriptor> all;
    while (true) {
        base::Descriptor next(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!next) return all;
        all.push_back(std::move(next));
    }
}

void Client::connect(const model::Address& address, std::chrono::nanoseconds timeout) {
    connections = 0;
    errors.clear();
    ConnectSettings how{.address = address, .socket = settings};
    if (timeout.count() != 0) how.timeout = timeout;
    connector = std::make_unique<Connector>(rig_.loop, resolver, std::move(how), *this);
}

void Client::try_connect(const model::Address& address, std::chrono::nanoseconds timeout) {
    connect(address, timeout);
    EXPECT_FALSE(ended()) << "told from inside the constructor";
    rig_.run_until([this] { return ended(); });
}

void Client::connected(Connector& from, ConnectedSocket connected) {
    EXPECT_EQ(&from, connector.get());
    ++connections;
    file = std::move(connected.file);
    socket = std::move(connected.descriptor);
    peer = connected.peer;
    connector.reset();
}

void Client::connect_failed(Connector& from, const ConnectError& error) {
    EXPECT_EQ(&from, connector.get());
    errors.push_back(error);
    connector.reset();
}

Resolver::Lookup always(std::vector<SocketAddress> addresses) {
    return [addresses = std::move(addresses)](const model::Address&) -> Resolver::Answer {
        return addresses;
    };
}

model::Address unix_address(model::Address::Kind kind, const std::string& path) {
    model::Address address;
    address.kind = kind;
    address.path = path;
    return address;
}

model::Address name(const std::string& host) {
    return {.host = host, .port = 1};
}

std::size_t open_descriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

}  // namespace protohost::net::testing

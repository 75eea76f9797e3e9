// SPDX-License-Identifier: MIT
#include "tests/system/harness/datagram_client.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "tests/system/harness/scale.hpp"

namespace protohost::harness {

namespace {

Address parsed(std::string_view text) {
    const auto address = Address::parse(text);
    EXPECT_TRUE(address) << text;
    return address.value_or(Address());
}

template <class T>
void set(const base::Descriptor& socket, int level, int name, const T& value) {
    EXPECT_EQ(::setsockopt(socket.get(), level, name, &value, sizeof value), 0)
        << std::strerror(errno);
}

}  // namespace

DatagramClient::DatagramClient(std::string_view at) {
    const Address address = parsed(at);
    socket_ = base::Descriptor(::socket(address.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(socket_.get(), address.data(), address.size()), 0) << std::strerror(errno);
    set(socket_, SOL_SOCKET, SO_RCVTIMEO, timeval{patience.count(), 0});
    if (address.family() != AF_INET) return;
    set(socket_, SOL_SOCKET, SO_BROADCAST, 1);
    set(socket_, IPPROTO_IP, IP_MULTICAST_IF, in_addr{htonl(INADDR_LOOPBACK)});
}

Address DatagramClient::own() const {
    sockaddr_storage own{};
    socklen_t size = sizeof own;
    ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&own), &size);
    return {reinterpret_cast<const sockaddr*>(&own), size};
}

std::string DatagramClient::name() const {
    return own().text();
}

std::uint16_t DatagramClient::port() const {
    return own().port();
}

void DatagramClient::send(std::string_view data, std::string_view to) const {
    const Address address = parsed(to);
    EXPECT_EQ(::sendto(socket_.get(), data.data(), data.size(), 0, address.data(), address.size()),
              std::ssize(data))
        << to << ": " << std::strerror(errno);
}

ReceivedDatagram DatagramClient::receive() const {
    std::array<char, 65536> buffer;
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const ssize_t got = ::recvfrom(
        socket_.get(), buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 0) {
        ADD_FAILURE() << "nothing comes: " << std::strerror(errno);
        return {};
    }
    return {std::string(buffer.data(), static_cast<std::size_t>(got)),
            Address(reinterpret_cast<const sockaddr*>(&from), size).text()};
}

}  // namespace protohost::harness

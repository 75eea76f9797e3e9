// SPDX-License-Identifier: MIT
#include "tests/daemon/net/datagram_rig.hpp"

#include <algorithm>
#include <array>
#include <netinet/in.h>
#include <sys/socket.h>
#include <utility>

#include <gtest/gtest.h>

namespace protohost::net::testing {

template <auto Member, class... Args>
ph_status DatagramRecorder::forward(void* self, Args... args) {
    return (static_cast<DatagramRecorder*>(self)->*Member)(args...);
}

DatagramRecorder::DatagramRecorder() {
    ops_.size = sizeof ops_;
    ops_.kind = PH_DATAGRAM;
    ops_.connection_made = forward<&DatagramRecorder::made>;
    ops_.connection_lost = forward<&DatagramRecorder::lost>;
    ops_.pause_writing = forward<&DatagramRecorder::paused>;
    ops_.resume_writing = forward<&DatagramRecorder::resumed>;
    ops_.destroy = destroyed;
    ops_.datagram_received = forward<&DatagramRecorder::data>;
    ops_.error_received = forward<&DatagramRecorder::error>;
    ops_.drain_requested = forward<&DatagramRecorder::drained>;
}

ph_status DatagramRecorder::happened(std::string_view name, const std::string& event) {
    events.push_back(event);
    return on ? on(name) : PH_OK;
}

std::size_t DatagramRecorder::count(std::string_view event) const {
    return static_cast<std::size_t>(std::count(events.begin(), events.end(), event));
}

ph_status DatagramRecorder::made(ph_transport* handle) {
    EXPECT_TRUE(handle == transport->handle());
    return happened("made", "made");
}

ph_status DatagramRecorder::lost(const ph_error* why) {
    if (why == nullptr) return happened("lost", "lost");
    return happened("lost",
                    "lost:" + std::to_string(why->code == PH_E_OS ? why->os_errno : why->code));
}

ph_status DatagramRecorder::data(const void* bytes, std::size_t size, ph_addr from) {
    received.emplace_back(static_cast<const char*>(bytes), size);
    senders.push_back(from.sa != nullptr ? SocketAddress(from.sa, from.len) : SocketAddress());
    return happened("data", "data:" + received.back());
}

ph_status DatagramRecorder::error(const ph_error* why, ph_addr destination) {
    error_texts.emplace_back(why->msg.p, why->msg.n);
    destinations.push_back(destination.sa != nullptr
                               ? SocketAddress(destination.sa, destination.len)
                               : SocketAddress());
    EXPECT_EQ(why->code, PH_E_OS);
    EXPECT_GT(why->msg.n, 0U);
    return happened("error", "error:" + std::to_string(why->os_errno));
}

ph_status DatagramRecorder::drained(std::uint64_t, std::int32_t* keep_open) {
    *keep_open = keep_open_at_drain ? 1 : 0;
    return happened("drain", "drain");
}

void DatagramRecorder::destroyed(void* self) {
    static_cast<DatagramRecorder*>(self)->happened("destroy", "destroy");
}

namespace {

base::Descriptor bound_peer(DatagramPeer::Kind kind) {
    using Kind = DatagramPeer::Kind;
    const int family = kind == Kind::v4 ? AF_INET : kind == Kind::v6 ? AF_INET6 : AF_UNIX;
    base::Descriptor socket(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_addr = in6addr_loopback;
    const sa_family_t unnamed = AF_UNIX;
    const void* address = &v4;
    socklen_t size = sizeof v4;
    if (kind == Kind::v6) {
        address = &v6;
        size = sizeof v6;
    } else if (kind == Kind::local) {
        address = &unnamed;
        size = sizeof unnamed;
    }
    EXPECT_EQ(::bind(socket.get(), static_cast<const sockaddr*>(address), size), 0);
    return socket;
}

model::Address address(model::Address::Kind kind) {
    model::Address result;
    result.kind = kind;
    return result;
}

DatagramSocket opened(const DatagramEnds& ends) {
    auto socket = open_datagram_socket(ends, "here");
    if (!socket) {
        ADD_FAILURE() << base::to_string(socket.error().front());
        return {};
    }
    return std::move(*socket);
}

}  // namespace

DatagramPeer::DatagramPeer(Kind kind) : DatagramPeer(bound_peer(kind)) {}

DatagramPeer::DatagramPeer(base::Descriptor socket)
    : socket_(std::move(socket)), address_(SocketAddress::local_of(socket_.get())) {
    const timeval patience{10, 0};
    ::setsockopt(fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

void DatagramPeer::send(std::string_view text, const SocketAddress& to) {
    const bool somewhere = to.family() != AF_UNSPEC;
    ASSERT_EQ(::sendto(fd(),
                       text.data(),
                       text.size(),
                       MSG_NOSIGNAL,
                       somewhere ? to.data() : nullptr,
                       somewhere ? to.size() : 0),
              std::ssize(text));
}

std::optional<std::string> DatagramPeer::receive(int flags) {
    static std::array<char, 300 * 1024> buffer;
    const ssize_t size = ::recvfrom(
        fd(), buffer.data(), buffer.size(), flags, sender_.data(), sender_.size_to_fill());
    if (size < 0) return std::nullopt;
    return std::string(buffer.data(), static_cast<std::size_t>(size));
}

std::optional<std::string> DatagramPeer::receive() {
    return receive(0);
}

std::vector<std::string> DatagramPeer::receive_waiting() {
    std::vector<std::string> all;
    while (auto one = receive(MSG_DONTWAIT)) all.push_back(std::move(*one));
    return all;
}

model::Address udp(const std::string& host, std::uint16_t port) {
    model::Address result = address(model::Address::Kind::udp);
    result.host = host;
    result.port = port;
    return result;
}

model::Address udp(const SocketAddress& address) {
    return udp(address.family() == AF_INET ? "127.0.0.1" : "::1", address.port());
}

model::Address unixgram(const std::string& path) {
    model::Address result = address(model::Address::Kind::unixgram_path);
    result.path = path;
    return result;
}

model::Address unixgram_abstract(const std::string& name) {
    model::Address result = address(model::Address::Kind::unixgram_abstract);
    result.path = name;
    return result;
}

DatagramSocket bound(const model::Address& local, const model::SocketSettings& settings) {
    return opened({local, std::nullopt, settings});
}

DatagramSocket connected(const SocketAddress& remote) {
    const std::string name = remote.text();
    const bool local = remote.family() == AF_UNIX;
    return opened({std::nullopt, local ? unixgram_abstract(name.substr(1)) : udp(remote), {}});
}

DatagramPair socket_pair() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    auto ours = adopt_datagram_socket(base::Descriptor(ends[0]), "here");
    EXPECT_TRUE(ours);
    return {std::move(*ours), DatagramPeer(base::Descriptor(ends[1]))};
}

DatagramTransport& serve(Rig& rig,
                         DatagramRecorder& recorder,
                         DatagramSocket socket,
                         model::WriteBuffer limits) {
    auto made = std::make_unique<DatagramTransport>(rig.loop,
                                                    std::move(socket),
                                                    TransportSettings{limits},
                                                    rig.owner(),
                                                    std::shared_ptr<void>());
    DatagramTransport& transport = *made;
    rig.adopt(std::move(made));
    recorder.transport = &transport;
    transport.start(recorder.proto());
    return transport;
}

SocketAddress local_of(DatagramTransport& transport) {
    ph_info info{};
    EXPECT_EQ(transport.get_extra_info("socket", info), PH_OK);
    return SocketAddress::local_of(static_cast<int>(info.number));
}

ph_status send_by(DatagramTransport& transport, std::string_view text) {
    return transport.sendto(text.data(), text.size(), {nullptr, 0, 0});
}

ph_status send_by(DatagramTransport& transport, std::string_view text, const SocketAddress& to) {
    return transport.sendto(text.data(), text.size(), {to.data(), to.size(), 0});
}

}  // namespace protohost::net::testing

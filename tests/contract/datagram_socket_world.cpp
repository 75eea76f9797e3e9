// SPDX-License-Identifier: MIT
#include "tests/contract/datagram_socket_world.hpp"

#include <array>
#include <string>
#include <sys/socket.h>
#include <utility>
#include <vector>

#include "daemon/net/datagram_socket.hpp"
#include "daemon/net/datagram_transport.hpp"
#include "daemon/net/socket_address.hpp"
#include "tests/contract/real_loop.hpp"

namespace protohost::contract {
namespace {

Address local_of(const base::Descriptor& socket) {
    const auto address = net::SocketAddress::local_of(socket.get());
    return {address.data(), address.size()};
}

class SocketLink final : public DatagramLink {
public:
    SocketLink(base::Descriptor peer, base::Descriptor stranger, Address ours)
        : peer_(std::move(peer)),
          stranger_(std::move(stranger)),
          peer_address_(local_of(peer_)),
          ours_(ours) {}

    Address peer() override { return peer_address_; }
    Address stranger() override { return local_of(stranger_); }
    void send(std::string_view data) override { send(peer_, data); }
    void send_as_stranger(std::string_view data) override { send(stranger_, data); }
    std::vector<std::string> receive() override { return receive(peer_); }
    std::vector<std::string> receive_as_stranger() override { return receive(stranger_); }
    void fill(DatagramTransport transport) override {
        while (transport.get_write_buffer_size() == 0) transport.sendto(std::string(100, 'f'));
    }
    std::string too_long() override { return std::string(300'000, 'x'); }
    void leave() override { peer_.close(); }
    void drain() override { served_->drain(0); }
    void serves(net::DatagramTransport& transport) { served_ = &transport; }

private:
    void send(const base::Descriptor& from, std::string_view data) const {
        ASSERT_EQ(::sendto(from.get(), data.data(), data.size(), 0, ours_.data(), ours_.size()),
                  std::ssize(data));
    }
    static std::vector<std::string> receive(const base::Descriptor& at) {
        std::vector<std::string> all;
        std::array<char, 65536> room;
        for (ssize_t size = 0; (size = ::recv(at.get(), room.data(), room.size(), 0)) >= 0;) {
            all.emplace_back(room.data(), static_cast<std::size_t>(size));
        }
        return all;
    }

    base::Descriptor peer_;
    base::Descriptor stranger_;
    Address peer_address_;
    Address ours_;
    net::DatagramTransport* served_ = nullptr;
};

class SocketWorld final : public DatagramWorld {
public:
    explicit SocketWorld(base::Descriptor (*open)()) : open_(open) {}

    DatagramLink& bind(std::unique_ptr<BaseProtocol> protocol, const WriteBuffer& limits) override {
        return serve(std::move(protocol), limits, false);
    }
    DatagramLink& connect(std::unique_ptr<BaseProtocol> protocol,
                          const WriteBuffer& limits) override {
        return serve(std::move(protocol), limits, true);
    }
    void turn() override { loop_.turn(); }
    void settle() override { loop_.settle(); }
    std::vector<std::string> failures() override { return loop_.failures(); }

private:
    DatagramLink& serve(std::unique_ptr<BaseProtocol> protocol,
                        const WriteBuffer& limits,
                        bool connected) {
        base::Descriptor ours = open_();
        SocketLink& link =
            *links_.emplace_back(std::make_unique<SocketLink>(open_(), open_(), local_of(ours)));
        const Address peer = link.peer();
        if (connected) {
            EXPECT_EQ(::connect(ours.get(), peer.data(), peer.size()), 0);
        }
        auto socket = net::adopt_datagram_socket(std::move(ours), "here");
        EXPECT_TRUE(socket);
        auto transport = std::make_unique<net::DatagramTransport>(
            loop_.loop(),
            std::move(*socket),
            net::TransportSettings{.write_buffer = RealLoop::to_model(limits)},
            loop_.owner(),
            std::shared_ptr<void>());
        link.serves(*transport);
        loop_.start(std::move(transport), std::move(protocol));
        return link;
    }

    base::Descriptor (*open_)();
    std::vector<std::unique_ptr<SocketLink>> links_;
    RealLoop loop_;
};

}  // namespace

std::unique_ptr<DatagramWorld> make_datagram_world(base::Descriptor (*open)()) {
    return std::make_unique<SocketWorld>(open);
}

}  // namespace protohost::contract

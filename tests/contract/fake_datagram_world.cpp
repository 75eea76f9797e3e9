// SPDX-License-Identifier: MIT
#include <cerrno>
#include <deque>
#include <string>
#include <vector>

#include "tests/contract/datagram_test.hpp"

#include <protohost/testing.hpp>

namespace protohost::contract {
namespace {

using protohost::testing::DatagramEndpoint;
using protohost::testing::DatagramSettings;
using protohost::testing::Host;
using protohost::testing::SentDatagram;

constexpr const char* peer_address = "192.0.2.1:4000";
constexpr const char* stranger_address = "192.0.2.2:4000";

class FakeLink final : public DatagramLink {
public:
    FakeLink(Host& host, std::unique_ptr<BaseProtocol> protocol, const DatagramSettings& settings)
        : endpoint_(host, std::move(protocol), settings) {}

    Address peer() override { return *Address::parse(peer_address); }
    Address stranger() override { return *Address::parse(stranger_address); }
    void send(std::string_view data) override { endpoint_.feed_datagram(data, peer_address); }
    void send_as_stranger(std::string_view data) override {
        endpoint_.feed_datagram(data, stranger_address);
    }
    std::vector<std::string> receive() override { return receive_as(peer()); }
    std::vector<std::string> receive_as_stranger() override { return receive_as(stranger()); }
    void fill(DatagramTransport transport) override {
        full_ = true;
        endpoint_.kernel_room(3);
        while (transport.get_write_buffer_size() == 0) transport.sendto(std::string(100, 'f'));
    }
    std::string too_long() override {
        endpoint_.fail_next_send(EMSGSIZE);
        return "too long";
    }
    void leave() override { endpoint_.fail_next_send(ECONNREFUSED); }
    void drain() override { endpoint_.drain(); }

    const DatagramEndpoint& endpoint() const { return endpoint_; }

private:
    std::vector<std::string> receive_as(const Address& who) {
        std::vector<std::string> received;
        std::deque<SentDatagram> others;
        for (SentDatagram& datagram : endpoint_.take_sent()) arrived_.push_back(datagram);
        for (SentDatagram& datagram : arrived_) {
            if (datagram.addr == who) {
                received.push_back(std::move(datagram.data));
            } else {
                others.push_back(std::move(datagram));
            }
        }
        arrived_ = std::move(others);
        if (full_ && !received.empty()) endpoint_.kernel_room(received.size());
        return received;
    }

    DatagramEndpoint endpoint_;
    std::deque<SentDatagram> arrived_;
    bool full_ = false;
};

class FakeWorld final : public DatagramWorld {
public:
    DatagramLink& bind(std::unique_ptr<BaseProtocol> protocol, const WriteBuffer& limits) override {
        return links_.emplace_back(
            host_, std::move(protocol), DatagramSettings{.write_buffer = limits});
    }
    DatagramLink& connect(std::unique_ptr<BaseProtocol> protocol,
                          const WriteBuffer& limits) override {
        return links_.emplace_back(
            host_,
            std::move(protocol),
            DatagramSettings{.write_buffer = limits, .remote = peer_address});
    }
    void turn() override { host_.run_ready(); }
    void settle() override { host_.run_ready(); }
    std::vector<std::string> failures() override {
        std::vector<std::string> all;
        for (const FakeLink& link : links_) {
            const auto& some = link.endpoint().failures();
            all.insert(all.end(), some.begin(), some.end());
        }
        return all;
    }

private:
    Host host_;
    std::deque<FakeLink> links_;
};

const auto fake = ::testing::Values(DatagramKind{
    "fake", [] { return std::unique_ptr<DatagramWorld>(std::make_unique<FakeWorld>()); }});

INSTANTIATE_TEST_SUITE_P(FakeDatagrams, DatagramContract, fake, name_of<DatagramWorld>);
INSTANTIATE_TEST_SUITE_P(FakeDatagrams, DatagramFlowContract, fake, name_of<DatagramWorld>);

}  // namespace
}  // namespace protohost::contract

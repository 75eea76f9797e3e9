// SPDX-License-Identifier: MIT
#include <algorithm>
#include <deque>

#include "tests/contract/contract_test.hpp"

#include <protohost/testing.hpp>

namespace protohost::contract {
namespace {

using protohost::testing::Channel;
using protohost::testing::Connection;
using protohost::testing::Host;

/// As a socket's: what the peer has not read takes up the kernel's room.
class FakeLink final : public Link {
public:
    FakeLink(Host& host,
             std::unique_ptr<BaseProtocol> protocol,
             const WriteBuffer& limits,
             Channel channel)
        : channel_(channel),
          connection_(host, std::move(protocol), {.write_buffer = limits, .channel = channel}) {}

    void send(std::string_view text) override { connection_.feed_data(text); }
    void end() override {
        channel_ == Channel::write_pipe ? connection_.lose() : connection_.feed_eof();
    }
    void reset() override { connection_.lose(); }
    std::string receive(std::size_t most) override {
        arrived_ += connection_.take_written();
        const std::string taken = arrived_.substr(0, most);
        arrived_.erase(0, taken.size());
        if (full_ && !taken.empty()) connection_.kernel_room(taken.size());
        return taken;
    }
    bool ended() override {
        return arrived_.empty() && connection_.written().empty() && connection_.eof_written();
    }
    void fill(Transport transport) override {
        full_ = true;
        connection_.kernel_room(4096);
        while (transport.get_write_buffer_size() == 0 && !transport.is_closing()) {
            transport.write(std::string(1500, 'f'));
        }
    }
    void drain() override { connection_.drain(); }

    const Connection& connection() const { return connection_; }

private:
    Channel channel_;
    Connection connection_;
    std::string arrived_;
    bool full_ = false;
};

class FakeWorld final : public World {
public:
    explicit FakeWorld(Channel channel) : channel_(channel) {}

    Link& connect(std::unique_ptr<BaseProtocol> protocol, const WriteBuffer& limits) override {
        return links_.emplace_back(host_, std::move(protocol), limits, channel_);
    }
    void turn() override { host_.run_ready(); }
    void settle() override { host_.run_ready(); }
    std::vector<std::string> failures() override {
        std::vector<std::string> all;
        for (const FakeLink& link : links_) {
            const auto& some = link.connection().failures();
            all.insert(all.end(), some.begin(), some.end());
        }
        return all;
    }

private:
    Channel channel_;
    Host host_;
    std::deque<FakeLink> links_;
};

template <Channel channel>
std::unique_ptr<World> fake_world() {
    return std::make_unique<FakeWorld>(channel);
}

const auto fake = ::testing::Values(WorldKind{"fake", fake_world<Channel::socket>});
const auto read_pipe =
    ::testing::Values(WorldKind{"fake_read_pipe", fake_world<Channel::read_pipe>});
const auto write_pipe =
    ::testing::Values(WorldKind{"fake_write_pipe", fake_world<Channel::write_pipe>});

INSTANTIATE_TEST_SUITE_P(Fake, LifeContract, fake, name_of<World>);
INSTANTIATE_TEST_SUITE_P(Fake, ReadContract, fake, name_of<World>);
INSTANTIATE_TEST_SUITE_P(Fake, WriteContract, fake, name_of<World>);
INSTANTIATE_TEST_SUITE_P(Fake, StreamContract, fake, name_of<World>);
INSTANTIATE_TEST_SUITE_P(FakeReadPipe, LifeContract, read_pipe, name_of<World>);
INSTANTIATE_TEST_SUITE_P(FakeReadPipe, ReadContract, read_pipe, name_of<World>);
INSTANTIATE_TEST_SUITE_P(FakeReadPipe, ReadPipeContract, read_pipe, name_of<World>);
INSTANTIATE_TEST_SUITE_P(FakeWritePipe, LifeContract, write_pipe, name_of<World>);
INSTANTIATE_TEST_SUITE_P(FakeWritePipe, WriteContract, write_pipe, name_of<World>);
INSTANTIATE_TEST_SUITE_P(FakeWritePipe, WritePipeContract, write_pipe, name_of<World>);

}  // namespace
}  // namespace protohost::contract

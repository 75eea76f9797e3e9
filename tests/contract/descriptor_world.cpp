// SPDX-License-Identifier: MIT
#include "tests/contract/descriptor_world.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "tests/contract/contract_test.hpp"
#include "tests/contract/real_loop.hpp"

namespace protohost::contract {
namespace {

class DescriptorLink final : public Link {
public:
    DescriptorLink(const DescriptorKind& kind,
                   int ours,
                   base::Descriptor theirs,
                   net::Transport& transport)
        : kind_(kind), ours_(ours), theirs_(std::move(theirs)), transport_(transport) {}

    void send(std::string_view text) override {
        ASSERT_EQ(::write(theirs_.get(), text.data(), text.size()), std::ssize(text));
    }
    void end() override {
        if (kind_.channel == net::Channel::socket) {
            ::shutdown(theirs_.get(), SHUT_WR);
        } else {
            theirs_.close();
        }
    }
    void reset() override { kind_.reset(ours_, theirs_); }
    std::string receive(std::size_t most) override {
        std::string text;
        std::string room(65536, '\0');
        while (text.size() < most) {
            const std::size_t size = std::min(most - text.size(), room.size());
            const ssize_t got = ::read(theirs_.get(), room.data(), size);
            if (got <= 0) {
                ended_ = ended_ || got == 0 || errno != EAGAIN;
                break;
            }
            text.append(room, 0, static_cast<std::size_t>(got));
        }
        return text;
    }
    bool ended() override {
        if (ended_) return true;
        char byte = 0;
        const ssize_t got = ::recv(theirs_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        if (got >= 0 || errno != ENOTSOCK) return got == 0 || (got < 0 && errno != EAGAIN);
        pollfd poll{theirs_.get(), POLLIN, 0};
        return ::poll(&poll, 1, 0) == 1 && poll.revents == POLLHUP;
    }
    void fill(Transport transport) override {
        // Behind the transport's back, so that it sees a kernel that takes nothing more. What the
        // other end has acknowledged may make room again, a little later.
        const std::string block(4096, 'f');
        pollfd writable{ours_, POLLOUT, 0};
        while (::poll(&writable, 1, 10) == 1) {
            if (::write(ours_, block.data(), block.size()) < 0 && errno != EAGAIN) break;
        }
        transport.write(block);
    }
    void drain() override { transport_.drain(0); }

private:
    const DescriptorKind& kind_;
    int ours_;
    base::Descriptor theirs_;
    net::Transport& transport_;
    bool ended_ = false;
};

class DescriptorWorld final : public World {
public:
    explicit DescriptorWorld(const DescriptorKind& kind) : kind_(kind) {}

    Link& connect(std::unique_ptr<BaseProtocol> protocol, const WriteBuffer& limits) override;
    void turn() override { loop_.turn(); }
    void settle() override { loop_.settle(); }
    std::vector<std::string> failures() override { return loop_.failures(); }

private:
    const DescriptorKind& kind_;
    std::vector<std::unique_ptr<Link>> links_;
    RealLoop loop_;
};

Link& DescriptorWorld::connect(std::unique_ptr<BaseProtocol> protocol, const WriteBuffer& limits) {
    Ends ends = kind_.open();
    const int ours = ends.ours.get();
    const net::TransportSettings settings{.write_buffer = RealLoop::to_model(limits)};
    auto transport = std::make_unique<net::StreamTransport>(loop_.loop(),
                                                            std::move(ends.ours),
                                                            std::move(ends.peer),
                                                            settings,
                                                            loop_.owner(),
                                                            std::shared_ptr<void>(),
                                                            kind_.channel);
    links_.push_back(
        std::make_unique<DescriptorLink>(kind_, ours, std::move(ends.theirs), *transport));
    loop_.start(std::move(transport), std::move(protocol));
    return *links_.back();
}

}  // namespace

std::unique_ptr<World> make_descriptor_world(const DescriptorKind& kind) {
    return std::make_unique<DescriptorWorld>(kind);
}

void keep_small(int socket) {
    const int small = 4096;
    ::setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    ::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
}

}  // namespace protohost::contract

// SPDX-License-Identifier: MIT
#include <sys/socket.h>
#include <unistd.h>

#include <protohost/plugin.hpp>

namespace {

/// Waits until its socket receives data.
class MyProtocol final : public protohost::Protocol {
    void connection_made(protohost::Transport transport) override { transport_ = transport; }
    void data_received(protohost::Bytes data) override {
        log().info("Received: " + std::string(protohost::as_text(data)));
        transport_.close();  // connection_lost() follows by itself
    }

    protohost::Transport transport_;
};

/// Connects one end of a pair of sockets, and writes to the other, as if it were the network.
struct Factory {
    std::unique_ptr<MyProtocol> operator()() { return std::make_unique<MyProtocol>(); }
    void started(protohost::Loop loop) {
        int socks[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks) != 0) return;
        loop.create_connection(*this, protohost::Sock{socks[0]});
        loop.call_soon([wsock = socks[1]] {
            send(wsock, "abc", 3, 0);
            close(wsock);
        });
    }
};

constexpr auto factory = protohost::factory<Factory>("existing-sockets", "connects two sockets");

}  // namespace

PROTOHOST_PLUGIN("existing-sockets", "1.0", factory);

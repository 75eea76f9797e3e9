// SPDX-License-Identifier: MIT
#include <cerrno>
#include <future>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "daemon/base/descriptor.hpp"
#include "tests/system/harness/client.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/figures.hpp"
#include "tests/system/harness/free_port.hpp"
#include "tests/system/harness/scale.hpp"

namespace protohost::harness {
namespace {

constexpr std::size_t mebibyte = 1024 * 1024;

std::string forward_to(const std::string& target) {
    return listener("forward", "forward", ", options: {to: \"" + target + "\"}");
}
std::string tcp_target(std::uint16_t port) {
    return "tcp://127.0.0.1:" + std::to_string(port);
}

/// Listens on a port of its own, and has the daemon's connections in its hands.
class Target {
public:
    Target() : listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const any = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(::bind(listening_.get(), any, size), 0);
        EXPECT_EQ(::listen(listening_.get(), 16), 0);
        EXPECT_EQ(::getsockname(listening_.get(), any, &size), 0);
        port_ = ntohs(address.sin_port);
    }

    std::uint16_t port() const { return port_; }
    base::Descriptor accept() const {
        base::Descriptor socket(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        const timeval timeout{patience.count(), 0};
        ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
        return socket;
    }

private:
    base::Descriptor listening_;
    std::uint16_t port_ = 0;
};

void close_with_reset(base::Descriptor socket) {
    const linger at_once = {1, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

TEST(ForwardDaemon, CarriesABigStreamBothWaysToItsEnd) {
    const std::string path = "unix:@protohost-forward-" + std::to_string(::getpid());
    Daemon daemon(
        {.listeners = "  echo: {listen: \"" + path + "\", protocol: echo}\n" + forward_to(path)});
    Client client(daemon.port("forward"));
    const std::string sent(scaled("bytes there and back", 32 * mebibyte, 4 * mebibyte), 'f');
    auto sending = std::async(std::launch::async, [&] {
        const bool all = client.send(sent);
        client.shut_down_writing();
        return all;
    });
    std::string received;
    EXPECT_EQ(client.ending(&received), Ending::orderly);
    EXPECT_TRUE(sending.get());
    EXPECT_TRUE(received == sent);
}

/// Sends to somebody who does not read, until nothing has moved for a while; returns how much.
std::size_t send_until_stuck(int socket, std::size_t most) {
    const std::string block(64 * 1024, 's');
    std::size_t sent = 0;
    while (sent < most) {
        const ssize_t size =
            ::send(socket, block.data(), block.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        pollfd writable{socket, POLLOUT, 0};
        if (size > 0) {
            sent += static_cast<std::size_t>(size);
        } else if (::poll(&writable, 1, 300) != 1) {
            break;
        }
    }
    return sent;
}

TEST(ForwardDaemon, StopsTheWriterOfEitherSideThatDoesNotRead) {
    constexpr std::size_t most = 64 * mebibyte;
    // For each direction the high watermark, and what one more read brought.
    constexpr std::size_t allowed = 2 * (64 + 64) * 1024 + 256 * 1024;
    const Target target;
    Daemon daemon({.listeners = forward_to(tcp_target(target.port()))});
    Client client(daemon.port("forward"), {.receive_buffer = 16384});
    const base::Descriptor upstream = target.accept();
    ASSERT_TRUE(upstream);
    const std::size_t before = resident_memory(daemon.pid());
    EXPECT_LT(send_until_stuck(client.descriptor(), most), most);
    EXPECT_LT(send_until_stuck(upstream.get(), most), most);
    if (!sanitized) {
        EXPECT_LE(resident_memory(daemon.pid()), before + allowed);
    }
    client.reset();
    char block[4096];
    while (::recv(upstream.get(), block, sizeof block, 0) > 0) {
    }
    EXPECT_EQ(errno, ECONNRESET) << "though nothing was read from the client any more";
}

TEST(ForwardDaemon, ResetsAClientWhoseTargetIsDown) {
    Daemon daemon({.listeners = forward_to(tcp_target(free_port()))});
    Client client(daemon.port("forward"));
    EXPECT_EQ(client.ending(), Ending::reset);
    daemon.log().wait_for("Connection refused");
}

TEST(ForwardDaemon, ResetsAClientWhoseTargetResets) {
    const Target target;
    Daemon daemon({.listeners = forward_to(tcp_target(target.port()))});
    Client client(daemon.port("forward"));
    base::Descriptor upstream = target.accept();
    ASSERT_EQ(::send(upstream.get(), "half", 4, MSG_NOSIGNAL), 4);
    EXPECT_EQ(client.receive(4), "half");
    close_with_reset(std::move(upstream));
    EXPECT_EQ(client.ending(), Ending::reset);

    Client other(daemon.port("forward"));
    upstream = target.accept();
    ASSERT_TRUE(other.send("half"));
    char received[4];
    ASSERT_EQ(::recv(upstream.get(), received, sizeof received, MSG_WAITALL), 4);
    other.reset();
    EXPECT_EQ(::recv(upstream.get(), received, sizeof received, 0), -1);
    EXPECT_EQ(errno, ECONNRESET);
}

}  // namespace
}  // namespace protohost::harness

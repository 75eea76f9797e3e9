// SPDX-License-Identifier: MIT
#include "daemon/net/proxy_greeting.hpp"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "daemon/base/descriptor.hpp"
#include "tests/daemon/net/proxy_headers.hpp"

namespace protohost::net::testing {
namespace {

struct ProxyGreetingTest : ::testing::Test, ProxyGreetingOwner {
    ProxyGreetingTest() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()),
                  0);
        socket = base::Descriptor(ends[0]);
        peer = base::Descriptor(ends[1]);
        greeting = std::make_unique<ProxyGreeting>(loop, socket.get(), *this);
    }
    void greeted(ProxyGreeting&, const ProxyHeader& found) override {
        header = found;
        ++told;
    }
    void greeting_failed(ProxyGreeting&, const std::string& why) override {
        problem = why;
        ++told;
    }
    void send(const std::string& bytes) const {
        EXPECT_EQ(::send(peer.get(), bytes.data(), bytes.size(), 0),
                  static_cast<ssize_t>(bytes.size()));
    }
    std::string rest() const {
        std::array<char, 4096> bytes{};
        const ssize_t got = ::recv(socket.get(), bytes.data(), bytes.size(), 0);
        return got > 0 ? std::string(bytes.data(), static_cast<std::size_t>(got)) : "";
    }

    Loop loop;
    base::Descriptor socket;
    base::Descriptor peer;
    std::unique_ptr<ProxyGreeting> greeting;
    std::optional<ProxyHeader> header;
    std::string problem;
    int told = 0;
};

TEST_F(ProxyGreetingTest, TakesTheHeaderAndNotAByteMore) {
    for (const std::string& bytes : {std::string("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"),
                                     binary_header(0x21, 0x11, ipv4_ends())}) {
        greeting->start(std::chrono::seconds(60));
        send(bytes + "hello");
        loop.run_ready();
        EXPECT_EQ(std::exchange(told, 0), 1);
        ASSERT_TRUE(header);
        EXPECT_EQ(header->source->text().substr(0, 9), "192.0.2.1");
        EXPECT_EQ(rest(), "hello");
        greeting = std::make_unique<ProxyGreeting>(loop, socket.get(), *this);
    }
}

TEST_F(ProxyGreetingTest, ComesAByteAtATime) {
    for (const std::string& bytes : {std::string("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"),
                                     binary_header(0x21, 0x11, ipv4_ends())}) {
        greeting->start(std::chrono::seconds(60));
        for (const char byte : bytes.substr(0, bytes.size() - 1)) {
            send(std::string(1, byte));
            loop.run_ready();
            EXPECT_EQ(told, 0);
        }
        send(bytes.substr(bytes.size() - 1) + "x");
        loop.run_ready();
        EXPECT_EQ(std::exchange(told, 0), 1);
        EXPECT_EQ(rest(), "x");
        greeting = std::make_unique<ProxyGreeting>(loop, socket.get(), *this);
    }
}

TEST_F(ProxyGreetingTest, FailsForWhatIsNone) {
    greeting->start(std::chrono::seconds(60));
    send("GET / HTTP/1.1\r\n");
    loop.run_ready();
    EXPECT_EQ(told, 1);
    EXPECT_EQ(problem, "what came is no PROXY header");
}

TEST_F(ProxyGreetingTest, FailsWhenThePeerLeavesBefore) {
    greeting->start(std::chrono::seconds(60));
    send("PROXY TCP4 ");
    loop.run_ready();
    peer.close();
    loop.run_ready();
    EXPECT_EQ(told, 1);
    EXPECT_EQ(problem, "the connection ended before it");
}

TEST_F(ProxyGreetingTest, FailsWhenItDoesNotComeInTime) {
    greeting->start(std::chrono::milliseconds(1));
    send("PROXY TCP4 ");
    while (told == 0) loop.run_once(std::chrono::steady_clock::now() + std::chrono::seconds(60));
    EXPECT_EQ(problem, "none came within 1ms");
}

TEST_F(ProxyGreetingTest, TellsNobodyOnceItIsStopped) {
    greeting->start(std::chrono::milliseconds(1));
    greeting->stop();
    send("PROXY UNKNOWN\r\n");
    loop.run_ready();
    EXPECT_EQ(told, 0);
    EXPECT_EQ(rest(), "PROXY UNKNOWN\r\n");
}

}  // namespace
}  // namespace protohost::net::testing

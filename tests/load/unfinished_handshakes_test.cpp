// SPDX-License-Identifier: MIT
#include <array>
#include <cstddef>
#include <iostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/system/harness/certificate.hpp"
#include "tests/system/harness/client.hpp"
#include "tests/system/harness/control.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/figures.hpp"
#include "tests/system/harness/peers.hpp"
#include "tests/system/harness/scale.hpp"

namespace protohost::harness {
namespace {

class UnfinishedHandshakes : public testing::Test {
protected:
    UnfinishedHandshakes() { make_certificate(folder_.path(), "server", "server.test"); }
    std::string secured() const {
        return listener("echo",
                        "echo",
                        ", tls: {handshake_timeout: 5s, certificates: [{certificate: " +
                            certificate_ + ", key: " + key_ + "}]}");
    }
    /// A wave of clients that begin in one of three ways, and then say no more.
    static std::vector<Client> wave(std::uint16_t port, std::size_t count) {
        // The head of a record of 16 KiB, and of a ClientHello that fills it.
        const std::string head("\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03", 11);
        const std::string half = head + std::string(8000, 'r');
        std::vector<Client> clients;
        for (std::size_t i = 0; i < count; ++i) {
            clients.emplace_back(port, ClientOptions{.from = static_cast<std::uint8_t>(2 + i % 8)});
            EXPECT_TRUE(clients.back()) << "client " << i;
            if (i % 3 == 0) continue;
            EXPECT_TRUE(clients.back().send(i % 3 == 1 ? head : half));
        }
        return clients;
    }

    ScratchFolder folder_;
    const std::string certificate_ = folder_.path() / "server.pem";
    const std::string key_ = folder_.path() / "server.key";
};

TEST_F(UnfinishedHandshakes, CostABoundedAmountHoweverOftenTheyCome) {
    const std::size_t count = scaled("handshakes that never end", 10'000, 1'000);
    raise_descriptor_limit();
    Daemon daemon({.listeners = secured()});
    const std::uint16_t port = daemon.port("echo");
    const std::vector<std::string> s_client{
        "openssl", "s_client", "-quiet", "-connect", "127.0.0.1:" + std::to_string(port)};
    expect_answer(s_client, "hello\n", "hello");
    const std::size_t descriptors = open_descriptors(daemon.pid());
    const std::size_t before = resident_memory(daemon.pid());
    std::array<std::size_t, 3> peak{};
    for (std::size_t& highest : peak) {
        std::vector<Client> clients = wave(port, count);
        // It is served behind them all: they have been accepted, and what they sent was read.
        expect_answer(s_client, "hello\n", "hello");
        EXPECT_GE(open_descriptors(daemon.pid()), descriptors + count);
        highest = resident_memory(daemon.pid()) - before;
        for (Client& client : clients) ASSERT_NE(client.ending(), Ending::never);
    }
    EXPECT_EQ(open_descriptors(daemon.pid()), descriptors);
    const std::size_t left = resident_memory(daemon.pid()) - before;
    const auto failed = Control(daemon).show("echo").at("failed_handshakes");
    EXPECT_EQ(failed.at("timeout"), peak.size() * count) << failed.dump();
    if (!sanitized) {
        std::cout << peak[0] / count << " bytes for each, " << peak[1] / count << " and "
                  << peak[2] / count << " of further waves; " << left / count
                  << " stay with the C library\n";
        for (const std::size_t highest : peak) EXPECT_LE(highest, count * 64 * 1024);
        EXPECT_LE(peak[2], peak[1] + peak[1] / 8) << "what the former had was used again";
    }
    EXPECT_EQ(daemon.stop(), 0);
}

}  // namespace
}  // namespace protohost::harness

// SPDX-License-Identifier: MIT
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/system/harness/client.hpp"
#include "tests/system/harness/control.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/figures.hpp"
#include "tests/system/harness/free_port.hpp"
#include "tests/system/harness/scale.hpp"
#include "tests/system/harness/sockets.hpp"

namespace protohost::harness {
namespace {

using Clock = std::chrono::steady_clock;

/// Connects to some ports in turn, 200 times a second, and wants an echo each time.
class Newcomers {
public:
    explicit Newcomers(std::vector<std::uint16_t> ports) : ports_(std::move(ports)) {
        thread_ = std::thread([this] { run(); });
    }
    ~Newcomers() { stop(); }

    void stop() {
        stopped_ = true;
        if (thread_.joinable()) thread_.join();
    }
    /// Waits until so many more were served, or could not be.
    void more(std::size_t count) const {
        const std::size_t wanted = served_ + refused_ + count;
        const auto deadline = Clock::now() + patience;
        while (served_ + refused_ < wanted && Clock::now() < deadline) std::this_thread::yield();
    }

    std::size_t served() const { return served_; }
    /// Could not connect, or got no answer.
    std::size_t refused() const { return refused_; }

private:
    void run() {
        auto next = Clock::now();
        for (std::size_t i = 0; !stopped_; ++i) {
            Client client(ports_[i % ports_.size()]);
            const bool good = client && client.echoes("a newcomer\n");
            good ? ++served_ : ++refused_;
            std::this_thread::sleep_until(next += std::chrono::milliseconds(5));
        }
    }

    const std::vector<std::uint16_t> ports_;
    std::atomic<bool> stopped_ = false;
    std::atomic<std::size_t> served_ = 0;
    std::atomic<std::size_t> refused_ = 0;
    std::thread thread_;
};

std::string listener_at(std::string_view name, std::uint16_t port, std::string_view more = {}) {
    return "  " + std::string(name) + ": {listen: \"tcp://127.0.0.1:" + std::to_string(port) +
           "\", protocol: echo" + std::string(more) + "}\n";
}

TEST(ReloadUnderLoad, FortyTimesAtTwoHundredConnectionsASecondNobodyNotices) {
    const std::uint16_t stays = free_port();
    std::uint16_t changes = free_port();
    while (changes == stays) changes = free_port();
    const auto with = [&](std::size_t i) {
        // In turn: nothing, limits, another name of the factory.
        const std::string protocol = i % 3 == 2 ? "echo/echo" : "echo";
        const std::string idle = std::to_string(100 + i / 3) + "s";
        return DaemonSetup{.listeners =
                               listener_at("stays", stays) +
                               "  changes: {listen: \"tcp://127.0.0.1:" + std::to_string(changes) +
                               "\", protocol: " + protocol + ", timeouts: {idle: " + idle + "}}\n"};
    };
    Daemon daemon(with(0));
    const Control control(daemon);
    std::vector<Client> idle;
    for (int i = 0; i < 20; ++i) {
        idle.emplace_back(i % 2 == 0 ? stays : changes);
        ASSERT_TRUE(idle.back().echoes("idle from here on"));
    }
    const auto sockets =
        std::pair(listening(daemon.pid(), stays), listening(daemon.pid(), changes));
    Newcomers newcomers({stays, changes});
    newcomers.more(20);
    const std::size_t descriptors = open_descriptors(daemon.pid());
    std::size_t applied = 0;
    for (std::size_t i = 1; i <= 40; ++i) {
        daemon.rewrite(with(i));
        if (control.reload()["verdict"] == "applied") ++applied;
        newcomers.more(20);
    }
    newcomers.stop();
    EXPECT_EQ(newcomers.refused(), 0U) << "of " << newcomers.served();
    EXPECT_GE(newcomers.served(), 820U);
    EXPECT_GE(applied, 26U);
    for (Client& client : idle) {
        EXPECT_FALSE(client.readable_within(0)) << "an end, or what nobody asked for";
        EXPECT_TRUE(client.echoes("and still here"));
    }
    EXPECT_EQ(std::pair(listening(daemon.pid(), stays), listening(daemon.pid(), changes)), sockets);
    // A newcomer or two may be inside.
    EXPECT_LE(open_descriptors(daemon.pid()), descriptors + 2);
}

TEST(ReloadUnderLoad, TwoListenersSwapAddressesAndNobodyIsRefused) {
    const std::uint16_t first = free_port();
    std::uint16_t second = free_port();
    while (second == first) second = free_port();
    const auto with = [&](bool swapped) {
        return DaemonSetup{.listeners = listener_at("a", swapped ? second : first) +
                                        listener_at("b", swapped ? first : second)};
    };
    Daemon daemon(with(false));
    const Control control(daemon);
    Newcomers newcomers({first, second});
    for (int i = 1; i <= 20; ++i) {
        daemon.rewrite(with(i % 2 == 1));
        EXPECT_EQ(control.reload()["changed"].size(), 2U);
        newcomers.more(10);
    }
    newcomers.stop();
    EXPECT_EQ(newcomers.refused(), 0U) << "of " << newcomers.served();
}

}  // namespace
}  // namespace protohost::harness

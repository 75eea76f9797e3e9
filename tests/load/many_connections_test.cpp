// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/system/harness/client.hpp"
#include "tests/system/harness/crowd.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/figures.hpp"
#include "tests/system/harness/scale.hpp"

namespace protohost::harness {
namespace {

TEST(ManyConnections, CostOneAndAHalfKibibytesEachWhileIdle) {
    const std::size_t count = scaled("idle connections", 10'000, 2'000);
    raise_descriptor_limit();
    Daemon daemon({.listeners = listener("echo", "echo")});
    {
        Crowd warm_up(daemon.port("echo"), 200);
        ASSERT_TRUE(warm_up.play_round());
    }
    const std::size_t before = resident_memory(daemon.pid());
    // They have all spoken once: what that took must be given back.
    Crowd crowd(daemon.port("echo"), count);
    ASSERT_TRUE(crowd.play_round());
    const std::size_t after = resident_memory(daemon.pid());
    if (!sanitized) {
        std::cout << (after - before) / count << " bytes for each idle connection\n";
        EXPECT_LE(after - before, count * 1536);
    }
    EXPECT_EQ(daemon.stop(), 0);
}

void come_and_go(std::uint16_t port, std::size_t times) {
    for (std::size_t i = 0; i < times; ++i) {
        // In turn from so many addresses that none runs out of ports.
        Client client(port, {.from = static_cast<std::uint8_t>(2 + i % 16)});
        ASSERT_TRUE(client && client.echoes("hello")) << "cycle " << i;
        client.shut_down_writing();
        ASSERT_EQ(client.ending(), Ending::orderly) << "cycle " << i;
    }
}

TEST(ManyConnections, LeaveNothingBehindWhenTheyGo) {
    const std::size_t cycles = scaled("cycles of connect, echo and close", 100'000, 5'000);
    Daemon daemon({.listeners = listener("echo", "echo")});
    come_and_go(daemon.port("echo"), cycles / 20);
    const std::size_t descriptors = open_descriptors(daemon.pid());
    const std::size_t memory = resident_memory(daemon.pid());

    come_and_go(daemon.port("echo"), cycles);
    EXPECT_EQ(open_descriptors(daemon.pid()), descriptors);
    if (!sanitized) {
        EXPECT_LE(resident_memory(daemon.pid()), memory + 64 * 1024);
    }
    EXPECT_EQ(daemon.stop(), 0);
}

TEST(ManyConnections, OverTheDescriptorLimitWaitForTheirTurn) {
    constexpr std::size_t limit = 48;
    constexpr std::size_t count = 150;
    Daemon daemon({.listeners = listener("echo", "echo"),
                   .wrapper = {"prlimit", "--nofile=" + std::to_string(limit)}});
    std::vector<Client> clients;
    for (std::size_t i = 0; i < count; ++i) {
        clients.emplace_back(daemon.port("echo"));
        ASSERT_TRUE(clients.back()) << "the queue of the kernel takes those that wait";
        ASSERT_TRUE(clients.back().send("hello"));
    }
    daemon.log().wait_for(
        "listener echo: not accepting: Too many open files; clients wait in the "
        "queue until resources are free");
    EXPECT_LE(open_descriptors(daemon.pid()), limit);

    // Those that are in go on, the others wait, and the daemon does not run in circles meanwhile.
    constexpr std::size_t served = 20;
    for (std::size_t i = 0; i < served; ++i) EXPECT_EQ(clients[i].receive(5), "hello");
    const auto busy = processor_time(daemon.pid());
    EXPECT_FALSE(clients.back().readable_within(1000));
    EXPECT_LE(processor_time(daemon.pid()) - busy, std::chrono::milliseconds(200));
    for (std::size_t i = 0; i < served; ++i) EXPECT_TRUE(clients[i].echoes("again"));

    for (std::size_t i = 0; i < served; ++i) clients[i].close();
    for (std::size_t i = served; i < count; ++i) {
        ASSERT_EQ(clients[i].receive(5), "hello") << "client " << i;
        clients[i].close();
    }
    daemon.log().wait_for("listener echo: accepting again without trouble");
    EXPECT_TRUE(Client(daemon.port("echo")).echoes("as ever"));
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_EQ(daemon.log().count("not accepting"), 1U);
}

TEST(ManyConnections, SeeAnOrderlyEndWhenTheDaemonStops) {
    const std::size_t count = scaled("connections at the stop", 2'000, 500);
    raise_descriptor_limit();
    Daemon daemon({.listeners = listener("echo", "echo")});
    std::vector<Client> clients;
    for (std::size_t i = 0; i < count; ++i) {
        clients.emplace_back(daemon.port("echo"));
        ASSERT_TRUE(clients.back().echoes("hello"));
    }
    EXPECT_EQ(daemon.stop(), 0);
    for (Client& client : clients) ASSERT_EQ(client.ending(), Ending::orderly);
}

}  // namespace
}  // namespace protohost::harness

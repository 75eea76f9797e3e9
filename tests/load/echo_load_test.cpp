// SPDX-License-Identifier: MIT
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <future>
#include <sys/socket.h>
#include <vector>

#include <gtest/gtest.h>

#include "tests/system/harness/client.hpp"
#include "tests/system/harness/crowd.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/digest.hpp"
#include "tests/system/harness/figures.hpp"
#include "tests/system/harness/scale.hpp"

namespace protohost::harness {
namespace {

constexpr std::size_t mebibyte = 1024 * 1024;

/// Bytes that never repeat within any reach of a buffer: a block with its number in every word.
void fill_block(std::vector<char>& block, std::uint64_t number) {
    for (std::size_t at = 0; at + 8 <= block.size(); at += 8) {
        const std::uint64_t word = (number * block.size() + at) * 0x9E3779B97F4A7C15U;
        std::memcpy(block.data() + at, &word, sizeof word);
    }
}

/// Sends so many blocks and says what they were.
std::string send_blocks(Client& client, std::size_t blocks) {
    Digest digest;
    std::vector<char> block(mebibyte);
    for (std::size_t i = 0; i < blocks; ++i) {
        fill_block(block, i);
        digest.add(block);
        if (!client.send({block.data(), block.size()})) return "connection broken";
    }
    client.shut_down_writing();
    return digest.finish();
}

/// Receives to the end and says what it was.
std::string receive_all(const Client& client, std::size_t& size) {
    Digest digest;
    std::vector<char> buffer(mebibyte);
    size = 0;
    while (true) {
        const ssize_t got = ::recv(client.descriptor(), buffer.data(), buffer.size(), 0);
        if (got <= 0) return got == 0 ? digest.finish() : "connection broken";
        size += static_cast<std::size_t>(got);
        digest.add({buffer.data(), static_cast<std::size_t>(got)});
    }
}

TEST(EchoLoad, ReturnsABigStreamUnchangedWhileManyOthersPlay) {
    const std::size_t blocks = scaled("MiB through one connection", 1024, 64);
    const std::size_t others = scaled("other connections", 1000, 200);
    raise_descriptor_limit();
    Daemon daemon({.listeners = listener("echo", "echo")});
    Crowd crowd(daemon.port("echo"), others);
    ASSERT_TRUE(crowd.play_round());

    Client client(daemon.port("echo"));
    std::atomic<bool> done = false;
    std::size_t size = 0;
    auto sent = std::async(std::launch::async, [&] { return send_blocks(client, blocks); });
    auto received = std::async(std::launch::async, [&] {
        std::string digest = receive_all(client, size);
        done = true;
        return digest;
    });
    while (crowd.play_round() && !(done && crowd.rounds() >= 5)) {
    }

    EXPECT_EQ(received.get(), sent.get());
    EXPECT_EQ(size, blocks * mebibyte);
    EXPECT_GE(crowd.rounds(), 5U);
    std::cout << crowd.rounds() << " rounds of " << crowd.size() << " others meanwhile\n";
    EXPECT_EQ(daemon.stop(), 0);
}

/// Sends without reading until nothing has moved for a while; returns how much went out.
std::size_t send_until_stuck(const Client& client, std::size_t most) {
    const std::vector<char> block(64 * 1024, 's');
    std::size_t sent = 0;
    while (sent < most) {
        const ssize_t size = ::send(client.descriptor(),
                                    block.data(),
                                    std::min(block.size(), most - sent),
                                    MSG_NOSIGNAL | MSG_DONTWAIT);
        if (size > 0) {
            sent += static_cast<std::size_t>(size);
        } else if (errno != EAGAIN || !client.writable_within(300)) {
            break;
        }
    }
    return sent;
}

TEST(EchoLoad, PausesTheWritersOfSlowReadersAndNobodyElse) {
    constexpr std::size_t slow_readers = 8;
    constexpr std::size_t most = 64 * mebibyte;
    // What may wait in the daemon for each: the high watermark and what one more read brought.
    constexpr std::size_t allowed = (64 + 64) * 1024;
    Daemon daemon({.listeners = listener("echo", "echo")});
    Crowd crowd(daemon.port("echo"), 100);
    ASSERT_TRUE(crowd.play_round());
    const std::size_t before = resident_memory(daemon.pid());

    std::vector<Client> slow;
    std::vector<std::size_t> sent;
    for (std::size_t i = 0; i < slow_readers; ++i) {
        slow.emplace_back(daemon.port("echo"), ClientOptions{.receive_buffer = 16384});
        sent.push_back(send_until_stuck(slow.back(), most));
        EXPECT_LT(sent.back(), most) << "the daemon took everything that was never read";
        ASSERT_TRUE(crowd.play_round());
    }
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(crowd.play_round());
    if (!sanitized) {
        const std::size_t after = resident_memory(daemon.pid());
        std::cout << (after - before) / slow_readers << " bytes for each slow reader\n";
        EXPECT_LE(after, before + slow_readers * allowed + 256 * 1024);
    }

    for (std::size_t i = 0; i < slow_readers; ++i) {
        slow[i].shut_down_writing();
        std::string all;
        EXPECT_EQ(slow[i].ending(&all), Ending::orderly);
        EXPECT_EQ(all, std::string(sent[i], 's'));
    }
    EXPECT_TRUE(crowd.play_round());
    EXPECT_EQ(daemon.stop(), 0);
}

}  // namespace
}  // namespace protohost::harness

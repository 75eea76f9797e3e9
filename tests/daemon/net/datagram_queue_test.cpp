// SPDX-License-Identifier: MIT
#include "daemon/net/datagram_queue.hpp"

#include <array>
#include <deque>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/net/datagram_rig.hpp"

namespace protohost::net {
namespace {

Datagram datagram(std::string_view text, const SocketAddress& address = {}) {
    const bool addressed = address.family() != AF_UNSPEC;
    return {{addressed ? address.data() : nullptr, addressed ? address.size() : 0, 0},
            reinterpret_cast<const std::byte*>(text.data()),
            text.size()};
}

std::string text_of(const Datagram& datagram) {
    return {reinterpret_cast<const char*>(datagram.data), datagram.size};
}

SocketAddress some_address(const std::string& name) {
    return *SocketAddress::of_unix(testing::unixgram_abstract(name));
}

TEST(DatagramQueue, KeepsOrderBoundariesAndAddresses) {
    DatagramQueue queue;
    ASSERT_TRUE(queue.append(datagram("one", some_address("a"))));
    ASSERT_TRUE(queue.append(datagram("")));
    ASSERT_TRUE(queue.append(datagram("three", some_address("a longer name than before"))));
    std::array<Datagram, 8> room;
    const auto front = queue.front(room);
    ASSERT_EQ(front.size(), 3U);
    EXPECT_EQ(text_of(front[0]), "one");
    EXPECT_EQ(front[0].peer().text(), "@a");
    EXPECT_EQ(text_of(front[1]), "");
    EXPECT_TRUE(front[1].address.sa == nullptr);
    EXPECT_EQ(text_of(front[2]), "three");
    EXPECT_EQ(front[2].peer().text(), "@a longer name than before");
}

TEST(DatagramQueue, CountsEachDatagramAlsoAnEmptyOne) {
    DatagramQueue queue;
    EXPECT_EQ(queue.size(), 0U);
    ASSERT_TRUE(queue.append(datagram("")));
    EXPECT_EQ(queue.size(), DatagramQueue::overhead);
    EXPECT_FALSE(queue.empty());
    ASSERT_TRUE(queue.append(datagram("abc")));
    EXPECT_EQ(queue.size(), 2 * DatagramQueue::overhead + 3);
    EXPECT_EQ(queue.bytes(), 3U);
    queue.pop();
    EXPECT_EQ(queue.size(), DatagramQueue::cost(3));
    queue.pop();
    EXPECT_EQ(queue.size(), 0U);
    EXPECT_TRUE(queue.empty());
}

TEST(DatagramQueue, GivesNoMoreThanThereIsRoomFor) {
    DatagramQueue queue;
    for (const char* text : {"1", "2", "3"}) ASSERT_TRUE(queue.append(datagram(text)));
    std::array<Datagram, 2> room;
    const auto front = queue.front(room);
    ASSERT_EQ(front.size(), 2U);
    EXPECT_EQ(text_of(front[1]), "2");
    EXPECT_TRUE(DatagramQueue().front(room).empty());
}

TEST(DatagramQueue, SwapsAndClears) {
    DatagramQueue queue;
    DatagramQueue other;
    ASSERT_TRUE(queue.append(datagram("x")));
    queue.swap(other);
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(other.size(), DatagramQueue::cost(1));
    other.clear();
    EXPECT_TRUE(other.empty());
    EXPECT_EQ(other.size(), 0U);
}

TEST(DatagramQueue, BehavesAsAListOfCopies) {
    std::mt19937 random(20240817);
    std::deque<std::pair<std::string, std::string>> expected;
    std::size_t bytes = 0;
    DatagramQueue queue;
    for (int step = 0; step < 20000; ++step) {
        if (random() % 100 < 55) {
            // Now and then one that needs a chunk of its own.
            const std::size_t most = random() % 50 == 0 ? 70000 : 700;
            std::string text(random() % most, static_cast<char>('a' + step % 26));
            std::string name = random() % 3 == 0 ? "" : std::string(1 + random() % 100, 'n');
            ASSERT_TRUE(
                queue.append(datagram(text, name.empty() ? SocketAddress() : some_address(name))));
            bytes += text.size();
            expected.emplace_back(std::move(text), name.empty() ? "" : "@" + name);
        } else {
            std::array<Datagram, 5> room;
            const auto front = queue.front(room);
            ASSERT_EQ(front.size(), std::min(room.size(), expected.size()));
            for (std::size_t i = 0; i < front.size(); ++i) {
                ASSERT_EQ(text_of(front[i]), expected[i].first);
                const auto address = front[i].peer();
                ASSERT_EQ(address.family() == AF_UNSPEC ? "" : address.text(), expected[i].second);
            }
            const std::size_t count = front.empty() ? 0 : random() % front.size() + 1;
            for (std::size_t i = 0; i < count; ++i) {
                bytes -= expected.front().first.size();
                expected.pop_front();
            }
            queue.pop(count);
        }
        ASSERT_EQ(queue.bytes(), bytes);
        ASSERT_EQ(queue.size(), bytes + expected.size() * DatagramQueue::overhead);
    }
    queue.pop(expected.size());
    EXPECT_EQ(queue.size(), 0U);
}

}  // namespace
}  // namespace protohost::net

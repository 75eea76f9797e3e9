// SPDX-License-Identifier: MIT
#include "daemon/net/write_queue.hpp"

#include <array>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace protohost::net {
namespace {

std::string front(const WriteQueue& queue) {
    std::array<iovec, 64> vector;
    std::string bytes;
    for (const iovec& piece : queue.front(vector)) {
        bytes.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    }
    return bytes;
}

TEST(WriteQueue, GivesBackInOrderWhatWasAppended) {
    WriteBudget budget;
    WriteQueue queue(budget);
    EXPECT_TRUE(queue.empty());
    ASSERT_TRUE(queue.append("abc", 3));
    ASSERT_TRUE(queue.append("def", 3));
    ASSERT_TRUE(queue.append("", 0));
    EXPECT_EQ(queue.size(), 6u);
    queue.consume(4);
    EXPECT_EQ(front(queue), "ef");
    queue.consume(2);
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(front(queue), "");
}

TEST(WriteQueue, NothingIsAppendedToBytesThatItDoesNotOwn) {
    WriteBudget budget;
    WriteQueue queue(budget);
    std::string owned = "owned";
    int released = 0;
    const auto release = [](void* count) { ++*static_cast<int*>(count); };
    ASSERT_TRUE(queue.append_owned(owned.data(), owned.size(), release, &released));
    ASSERT_TRUE(queue.append(" copied", 7));
    EXPECT_EQ(front(queue), "owned copied");
    EXPECT_EQ(owned, "owned");
    queue.consume(4);
    EXPECT_EQ(released, 0);
    queue.consume(1);
    EXPECT_EQ(released, 1);
    ASSERT_TRUE(queue.append_owned(owned.data(), owned.size(), release, &released));
    queue.clear();
    EXPECT_EQ(released, 2);
    EXPECT_TRUE(queue.empty());
}

TEST(WriteQueue, KeepsEveryByteThroughRandomAppendsAndConsumes) {
    std::mt19937 random(7);
    WriteBudget budget;
    WriteQueue queue(budget);
    std::string expected;
    unsigned char next = 0;
    for (int step = 0; step < 20000; ++step) {
        if (random() % 2 == 0) {
            std::string bytes(random() % 3000, '\0');
            for (char& byte : bytes) byte = static_cast<char>(next++);
            ASSERT_TRUE(queue.append(bytes.data(), bytes.size()));
            expected += bytes;
        } else {
            const std::size_t size = random() % (std::min<std::size_t>(expected.size(), 4000) + 1);
            ASSERT_EQ(front(queue).compare(0, size, expected, 0, size), 0);
            queue.consume(size);
            expected.erase(0, size);
        }
        ASSERT_EQ(queue.size(), expected.size());
    }
}

TEST(WriteQueue, AHolderLivesAsLongAsWhatWasThereBeforeIt) {
    WriteBudget budget;
    WriteQueue queue(budget);
    const auto first = std::make_shared<int>(1);
    const auto second = std::make_shared<int>(2);
    queue.keep(first);
    EXPECT_EQ(first.use_count(), 1) << "nothing waits";
    ASSERT_TRUE(queue.append("abc", 3));
    queue.keep(first);
    queue.keep(second);
    EXPECT_EQ(first.use_count(), 2);
    EXPECT_EQ(second.use_count(), 1) << "nothing has come since the first";
    ASSERT_TRUE(queue.append("de", 2));
    queue.keep(second);
    EXPECT_EQ(front(queue), "abcde");
    queue.consume(2);
    EXPECT_EQ(first.use_count(), 2);
    queue.consume(1);
    EXPECT_EQ(first.use_count(), 1);
    EXPECT_EQ(second.use_count(), 2);
    queue.clear();
    EXPECT_EQ(second.use_count(), 1);
}

}  // namespace
}  // namespace protohost::net

// SPDX-License-Identifier: MIT
#include "daemon/unit/output_ring.hpp"

#include <string>

#include <gtest/gtest.h>

namespace protohost::unit {
namespace {

TEST(OutputRing, KeepsTheLastAndCountsAll) {
    OutputRing ring;
    EXPECT_EQ(ring.since(0).text, "");
    EXPECT_EQ(ring.last_lines(5).text, "");
    ring.append("abc");
    ring.append("def");
    EXPECT_EQ(ring.end(), 6U);
    EXPECT_EQ(ring.since(0).text, "abcdef");
    EXPECT_EQ(ring.since(4).text, "ef");
    EXPECT_EQ(ring.since(6).text, "");
    EXPECT_EQ(ring.since(100).text, "") << "nobody has seen what was not written";
}

TEST(OutputRing, SaysHowMuchIsGone) {
    OutputRing ring;
    std::string all;
    for (int i = 0; all.size() < 5 * OutputRing::capacity; ++i) {
        const std::string line =
            std::to_string(i) + std::string(static_cast<std::size_t>(i % 97), 'x') + "\n";
        ring.append(line);
        all += line;
    }
    ASSERT_EQ(ring.end(), all.size());
    const auto part = ring.since(10);
    EXPECT_EQ(part.text, all.substr(all.size() - OutputRing::capacity));
    EXPECT_EQ(part.skipped, all.size() - OutputRing::capacity - 10);
    EXPECT_EQ(part.end, all.size());
    const auto near = ring.since(all.size() - 1000);
    EXPECT_EQ(near.text, all.substr(all.size() - 1000));
    EXPECT_EQ(near.skipped, 0U);
}

TEST(OutputRing, TakesMoreAtOnceThanItKeeps) {
    OutputRing ring;
    ring.append("begin");
    std::string all(OutputRing::capacity, 'a');
    all += "end";
    ring.append(all);
    EXPECT_EQ(ring.since(0).text, all.substr(3));
}

TEST(OutputRing, GivesWholeLines) {
    OutputRing ring;
    ring.append("one\ntwo\n\nthree");
    EXPECT_EQ(ring.last_lines(0).text, "");
    EXPECT_EQ(ring.last_lines(1).text, "three");
    EXPECT_EQ(ring.last_lines(2).text, "\nthree");
    EXPECT_EQ(ring.last_lines(3).text, "two\n\nthree");
    EXPECT_EQ(ring.last_lines(4).text, "one\ntwo\n\nthree");
    EXPECT_EQ(ring.last_lines(50).text, "one\ntwo\n\nthree");
    ring.append("\n");
    EXPECT_EQ(ring.last_lines(1).text, "three\n");
}

}  // namespace
}  // namespace protohost::unit

// SPDX-License-Identifier: MIT
#include "daemon/config/section.hpp"

#include <gtest/gtest.h>

#include "daemon/config/kinds.hpp"
#include "daemon/config/load_yaml.hpp"

namespace protohost::config {
namespace {

std::string text_of(const Report& report) {
    std::string text;
    for (const base::Error& error : report.sorted()) text += to_string(error) + '\n';
    return text;
}

TEST(Section, ReportsKeysNobodyAskedFor) {
    Report report;
    const auto node = load_yaml("a", "size: 4KiB\nsizes: 1\nother: 2\n", report);
    ASSERT_TRUE(node);
    Section section(&*node, node->place, report);
    std::uint64_t size = 0;
    EXPECT_TRUE(section.read({"size"}, size, kinds::size));
    EXPECT_EQ(size, 4096U);
    section.finish();
    EXPECT_EQ(text_of(report),
              "a:2:1: sizes: unknown key (did you mean \"size\"?)\n"
              "a:3:1: other: unknown key (known here: size)\n");
}

TEST(Section, LeavesTheDefaultWhereAValueIsWrongOrAbsent) {
    Report report;
    const auto node = load_yaml("a", "wrong: x\n", report);
    ASSERT_TRUE(node);
    Section section(&*node, node->place, report);
    std::uint64_t size = 7;
    EXPECT_FALSE(section.read({"absent"}, size, kinds::size));
    EXPECT_FALSE(section.read({"wrong"}, size, kinds::size));
    EXPECT_EQ(size, 7U);
    EXPECT_EQ(text_of(report), "a:1:8: wrong: expected a size such as 64KiB, found \"x\"\n");
}

TEST(Section, AnAbsentSectionIsAnEmptyOne) {
    Report report;
    Section section(nullptr, {}, report);
    Section inner = section.section({"inner"});
    EXPECT_EQ(inner.find({"key"}), nullptr);
    inner.finish();
    section.finish();
    EXPECT_TRUE(report.empty());
}

TEST(Section, SaysOnceThatItIsNoMapping) {
    Report report;
    const auto node = load_yaml("a", "[1]", report);
    ASSERT_TRUE(node);
    Section section(&*node, node->place, report);
    EXPECT_EQ(section.require({"key"}, "1"), nullptr);
    section.finish();
    EXPECT_EQ(text_of(report), "a:1:1: expected a mapping, found a list\n");
}

}  // namespace
}  // namespace protohost::config

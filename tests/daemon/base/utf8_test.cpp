// SPDX-License-Identifier: MIT
#include "daemon/base/utf8.hpp"

#include <gtest/gtest.h>

namespace protohost::base {
namespace {

using namespace std::string_literals;

TEST(FindInvalidUtf8, AcceptsOneToFourBytes) {
    EXPECT_EQ(find_invalid_utf8("a\u00e9\u20ac\U0001F600"), std::string_view::npos);
    EXPECT_EQ(find_invalid_utf8(""), std::string_view::npos);
}

TEST(FindInvalidUtf8, NamesTheFirstWrongByte) {
    EXPECT_EQ(find_invalid_utf8("ab\xff"), 2U);
    EXPECT_EQ(find_invalid_utf8("a\xc0\xaf"), 1U) << "overlong";
    EXPECT_EQ(find_invalid_utf8("\xed\xa0\x80"), 0U) << "surrogate";
    EXPECT_EQ(find_invalid_utf8("\xf4\x90\x80\x80"), 0U) << "above the last code point";
    EXPECT_EQ(find_invalid_utf8("a\xe2\x82"), 1U) << "cut off";
}

TEST(Printable, LeavesTextAsItIs) {
    EXPECT_EQ(printable("Gr\u00fc\u00dfe, \u4e16\u754c \U0001F600 \"\\"),
              "Gr\u00fc\u00dfe, \u4e16\u754c \U0001F600 \"\\");
}

TEST(Printable, EscapesWhatBreaksOrForgesALine) {
    EXPECT_EQ(printable("a\nb\rc\td"), "a\\nb\\rc\\td");
    EXPECT_EQ(printable("\x1b[31m\0\x7f"s), "\\x1b[31m\\x00\\x7f");
    EXPECT_EQ(printable("\xc2\x9b"), "\\x9b") << "the one-character escape sequence";
    EXPECT_EQ(printable("\u2028\u202e"), "\\u2028\\u202e");
}

TEST(Printable, ReplacesBytesThatAreNoText) {
    EXPECT_EQ(printable("a\xff\xfez"), "a\uFFFD\uFFFDz");
}

}  // namespace
}  // namespace protohost::base

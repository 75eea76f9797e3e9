// SPDX-License-Identifier: MIT
#include "daemon/model/place.hpp"

#include <gtest/gtest.h>

namespace protohost::model {
namespace {

TEST(Place, ReadsAsFileLineColumn) {
    EXPECT_EQ(to_string(Place{"a.yaml", 3, 5}), "a.yaml:3:5");
    EXPECT_EQ(to_string(Place{"a.yaml", 3, 0}), "a.yaml:3");
    EXPECT_EQ(to_string(Place{"a.yaml", 0, 0}), "a.yaml");
}

TEST(Place, TakesAKeyBehindIt) {
    EXPECT_EQ(to_string(Place{"a.yaml", 3, 5}, "log.level"), "a.yaml:3:5: log.level");
    EXPECT_EQ(to_string(Place{"a.yaml", 3, 5}, ""), "a.yaml:3:5");
    EXPECT_EQ(to_string(Place{}, "log.level"), "log.level");
}

TEST(Place, DoesNotMakeEqualValuesDifferent) {
    EXPECT_EQ((Located<int>{1, {"a", 1, 1}}), (Located<int>{1, {"b", 2, 2}}));
    EXPECT_NE((Located<int>{1, {}}), (Located<int>{2, {}}));
}

}  // namespace
}  // namespace protohost::model

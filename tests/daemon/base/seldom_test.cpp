// SPDX-License-Identifier: MIT
#include "daemon/base/seldom.hpp"

#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace protohost::base {
namespace {

using namespace std::chrono_literals;

TEST(Seldom, IsOneLineASecondAndSaysWhatItIsFor) {
    Seldom seldom;
    const Seldom::Clock::time_point start{1h};
    EXPECT_EQ(seldom.admit("failure", start), "");
    EXPECT_EQ(seldom.admit("failure", start + 999ms), std::nullopt);
    EXPECT_EQ(seldom.admit("failure", start + 1s), ", and 1 failure before that were not logged");
    EXPECT_EQ(seldom.admit("failure", start + 1500ms), std::nullopt);
    EXPECT_EQ(seldom.admit("failure", start + 1999ms), std::nullopt);
    EXPECT_EQ(seldom.admit("failure", start + 5s), ", and 2 failures before that were not logged");
    EXPECT_EQ(seldom.admit("failure", start + 6s), "");
}

}  // namespace
}  // namespace protohost::base

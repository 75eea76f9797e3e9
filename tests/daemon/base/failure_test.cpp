// SPDX-License-Identifier: MIT
#include "daemon/base/failure.hpp"

#include <thread>

#include <gtest/gtest.h>

namespace protohost::base {
namespace {

TEST(FailureText, IsTakenOnce) {
    set_failure("no such key");
    EXPECT_EQ(take_failure(), "no such key");
    EXPECT_EQ(take_failure(), "");
}

TEST(FailureText, IsTheLastOneSet) {
    set_failure("first");
    set_failure("second");
    EXPECT_EQ(take_failure(), "second");
}

TEST(FailureText, BelongsToItsThread) {
    set_failure("mine");
    std::string other = "unset";
    std::thread([&] { other = take_failure(); }).join();
    EXPECT_EQ(other, "");
    EXPECT_EQ(take_failure(), "mine");
}

}  // namespace
}  // namespace protohost::base

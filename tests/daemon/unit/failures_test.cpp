// SPDX-License-Identifier: MIT
#include "daemon/unit/failures.hpp"

#include <string>

#include <gtest/gtest.h>

namespace protohost::unit {
namespace {

TEST(Failures, ACauseIsNewsOnceUntilItIsOpen) {
    Failures failures;
    EXPECT_TRUE(failures.attempt_failed("refused"));
    EXPECT_TRUE(failures.attempt_failed("no route"));
    EXPECT_FALSE(failures.attempt_failed("refused"));
    EXPECT_EQ(failures.attempts(), 3U);
    EXPECT_EQ(failures.last(), "refused");
    failures.opened();
    EXPECT_EQ(failures.attempts(), 0U);
    EXPECT_EQ(failures.last(), "");
    EXPECT_TRUE(failures.attempt_failed("refused"));
}

TEST(Failures, ALossIsNewsAgainOnlyOnceAConnectionHasWorked) {
    Failures failures;
    EXPECT_TRUE(failures.was_lost("reset"));
    failures.opened();
    EXPECT_FALSE(failures.was_lost("reset")) << "open is not enough";
    EXPECT_EQ(failures.last(), "reset");
    failures.worked();
    EXPECT_TRUE(failures.was_lost("reset"));
    EXPECT_EQ(failures.attempts(), 0U) << "a loss is no attempt";
}

TEST(Failures, TheTwoKindsAreToldApart) {
    Failures failures;
    EXPECT_TRUE(failures.attempt_failed("the same"));
    EXPECT_TRUE(failures.was_lost("the same"));
    failures.worked();
    EXPECT_FALSE(failures.attempt_failed("the same"));
}

TEST(Failures, WhatIsSomethingElseIsToldAnew) {
    Failures failures;
    failures.attempt_failed("refused");
    failures.was_lost("reset");
    failures.forget_told();
    EXPECT_EQ(failures.last(), "reset") << "until it is open";
    EXPECT_TRUE(failures.attempt_failed("refused"));
    EXPECT_TRUE(failures.was_lost("reset"));
}

TEST(Failures, CausesWithANumberInThemTakeNoMoreMemory) {
    Failures failures;
    for (int i = 0; i < 16; ++i) EXPECT_TRUE(failures.attempt_failed(std::to_string(i)));
    EXPECT_TRUE(failures.attempt_failed("0")) << "forgotten with the others";
    EXPECT_FALSE(failures.attempt_failed("0"));
}

}  // namespace
}  // namespace protohost::unit

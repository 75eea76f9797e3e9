// SPDX-License-Identifier: MIT
#include "daemon/base/error.hpp"

#include <gtest/gtest.h>

namespace protohost::base {
namespace {

TEST(Error, ReadsAsPlaceThenCauseThenRemedy) {
    const Error error{"a.yaml:1:2: log.level", "expected a level", "write info"};
    EXPECT_EQ(to_string(error), "a.yaml:1:2: log.level: expected a level (write info)");
}

TEST(Error, LeavesOutWhatIsEmpty) {
    EXPECT_EQ(to_string(Error{"a.yaml", "is empty", ""}), "a.yaml: is empty");
    EXPECT_EQ(to_string(Error{"", "is empty", "fill it"}), "is empty (fill it)");
    EXPECT_EQ(to_string(Error{"", "", ""}), "");
}

TEST(Failure, BecomesAResultWithOneReason) {
    const Result<std::string> result = failure("here", "no", "do");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), (Errors{{"here", "no", "do"}}));
}

TEST(Success, MakesAResultOfANumberThatErrorsCouldAlsoBeMadeOf) {
    const Result<int> result = success(3);
    ASSERT_TRUE(result);
    EXPECT_EQ(*result, 3);
}

TEST(Append, KeepsTheOrder) {
    Errors errors = failure("1", "");
    append(errors, failure("2", ""));
    EXPECT_EQ(errors, (Errors{{"1", "", ""}, {"2", "", ""}}));
}

TEST(ResultDeathTest, ValueOfAFailureEndsTheProcessAndSaysWhy) {
    const Result<std::string> result = failure("here", "no");
    EXPECT_DEATH((void)result.value(), "value\\(\\) of a failed result\n  here: no");
}

}  // namespace
}  // namespace protohost::base

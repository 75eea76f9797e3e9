// SPDX-License-Identifier: MIT
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/config/messages.hpp"

// Every bad/NAME.yaml says exactly what stands in bad/NAME.expected beside it.

namespace protohost::config {
namespace {

const std::filesystem::path folder =
    std::filesystem::path(PROTOHOST_SOURCE_DIR) / "tests/daemon/config/bad";

std::vector<std::string> names() {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".yaml") found.push_back(entry.path().stem().string());
    }
    std::sort(found.begin(), found.end());
    return found;
}

class BadConfiguration : public testing::TestWithParam<std::string> {};

TEST_P(BadConfiguration, IsRefusedWithExactlyTheExpectedMessages) {
    std::ifstream file(folder / (GetParam() + ".expected"));
    ASSERT_TRUE(file) << "there is no " << GetParam() << ".expected";
    std::ostringstream expected;
    expected << file.rdbuf();
    ASSERT_NE(expected.str(), "");
    EXPECT_EQ(messages_of(folder / (GetParam() + ".yaml")), expected.str());
}

INSTANTIATE_TEST_SUITE_P(File, BadConfiguration, testing::ValuesIn(names()), [](const auto& test) {
    return test.param;
});

TEST(BadConfigurations, AreManyAndNoExpectationIsWithoutItsFile) {
    EXPECT_GE(names().size(), 200U);
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::filesystem::path configuration = entry.path();
        EXPECT_TRUE(std::filesystem::exists(configuration.replace_extension(".yaml")))
            << entry.path();
    }
}

}  // namespace
}  // namespace protohost::config

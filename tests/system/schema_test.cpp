// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/system/harness/child.hpp"
#include "tests/system/harness/daemon.hpp"

namespace protohost::harness {
namespace {

TEST(Schema, IsPrintedWithoutAConfiguration) {
    const Finished finished = run({daemon_program(), "--schema", "--config", "/nonexistent"});
    EXPECT_EQ(finished.code, 0);
    EXPECT_EQ(finished.errors, "");
    const auto schema = nlohmann::json::parse(finished.output);
    EXPECT_EQ(schema.at("$schema"), "http://json-schema.org/draft-07/schema#");
    EXPECT_TRUE(schema.at("properties").contains("listeners"));
}

}  // namespace
}  // namespace protohost::harness

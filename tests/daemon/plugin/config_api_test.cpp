// SPDX-License-Identifier: MIT
#include "daemon/plugin/config_api.hpp"

#include <gtest/gtest.h>

#include "daemon/base/failure.hpp"
#include "tests/daemon/plugin/nodes.hpp"

namespace protohost::plugin {
namespace {

using testing::list;
using testing::options;
using testing::scalar;

ph_str str(std::string_view value) {
    return {value.data(), value.size()};
}

class ConfigApi : public ::testing::Test {
protected:
    const ph_node* get(std::string_view key) { return api_.get(nullptr, handle(node_), str(key)); }

    const ph_config_api& api_ = config_api();
    const model::Node node_ = options({{"text", scalar("hello")},
                                       {"integer", scalar("-7")},
                                       {"number", scalar("2.5")},
                                       {"boolean", scalar("true")},
                                       {"duration", scalar("1500ms")},
                                       {"size", scalar("64KiB")},
                                       {"list", list({scalar("a"), scalar("b")})}});
};

TEST_F(ConfigApi, ReadsEachType) {
    ph_str text{};
    int64_t integer = 0;
    double number = 0;
    int32_t boolean = 0;
    uint64_t duration = 0;
    uint64_t size = 0;
    EXPECT_EQ(api_.as_string(nullptr, get("text"), &text), PH_OK);
    EXPECT_EQ(std::string(text.p, text.n), "hello");
    EXPECT_EQ(text.p, node_.members[0].value.text.data()) << "borrowed, not a copy";
    EXPECT_EQ(api_.as_integer(nullptr, get("integer"), &integer), PH_OK);
    EXPECT_EQ(integer, -7);
    EXPECT_EQ(api_.as_number(nullptr, get("number"), &number), PH_OK);
    EXPECT_EQ(number, 2.5);
    EXPECT_EQ(api_.as_boolean(nullptr, get("boolean"), &boolean), PH_OK);
    EXPECT_EQ(boolean, 1);
    EXPECT_EQ(api_.as_duration(nullptr, get("duration"), &duration), PH_OK);
    EXPECT_EQ(duration, 1500000000U);
    EXPECT_EQ(api_.as_size(nullptr, get("size"), &size), PH_OK);
    EXPECT_EQ(size, 65536U);
}

TEST_F(ConfigApi, WalksMappingsAndLists) {
    EXPECT_EQ(get("absent"), nullptr);
    EXPECT_EQ(api_.count(nullptr, handle(node_)), 7U);
    const ph_str key = api_.key_at(nullptr, handle(node_), 1);
    EXPECT_EQ(std::string(key.p, key.n), "integer");
    EXPECT_EQ(api_.at(nullptr, handle(node_), 1), get("integer"));
    EXPECT_EQ(api_.at(nullptr, handle(node_), 7), nullptr);
    EXPECT_EQ(api_.key_at(nullptr, handle(node_), 7).p, nullptr);
    EXPECT_EQ(api_.count(nullptr, get("list")), 2U);
    ph_str text{};
    EXPECT_EQ(api_.as_string(nullptr, api_.at(nullptr, get("list"), 1), &text), PH_OK);
    EXPECT_EQ(std::string(text.p, text.n), "b");
    EXPECT_EQ(api_.count(nullptr, get("text")), 0U);
}

TEST_F(ConfigApi, FailsWithThePlaceAndTheKey) {
    int64_t integer = 99;
    EXPECT_EQ(api_.as_integer(nullptr, get("text"), &integer), PH_E_INVAL);
    EXPECT_EQ(base::take_failure(),
              "web.yaml:11:20: listeners.web.options.text: expected a whole number, found "
              "\"hello\"");
    EXPECT_EQ(integer, 99);
    EXPECT_EQ(api_.reject(nullptr, get("size"), str("too much")), PH_E_INVAL);
    EXPECT_EQ(base::take_failure(), "web.yaml:16:20: listeners.web.options.size: too much");
}

TEST_F(ConfigApi, SurvivesNullPointers) {
    uint64_t size = 0;
    EXPECT_EQ(api_.as_size(nullptr, nullptr, &size), PH_E_INVAL);
    EXPECT_EQ(base::take_failure(), "asked for the value of an absent option");
    EXPECT_EQ(api_.as_size(nullptr, get("size"), nullptr), PH_E_INVAL);
    EXPECT_EQ(base::take_failure(), "asked for a value without a place to put it");
    EXPECT_EQ(api_.get(nullptr, nullptr, str("a")), nullptr);
    EXPECT_EQ(api_.at(nullptr, nullptr, 0), nullptr);
    EXPECT_EQ(api_.count(nullptr, nullptr), 0U);
    EXPECT_EQ(api_.key_at(nullptr, nullptr, 0).p, nullptr);
    EXPECT_EQ(api_.reject(nullptr, nullptr, str("no")), PH_E_INVAL);
    EXPECT_EQ(base::take_failure(), "no");
}

}  // namespace
}  // namespace protohost::plugin

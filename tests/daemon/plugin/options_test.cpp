// SPDX-License-Identifier: MIT
#include "daemon/plugin/options.hpp"

#include <array>

#include <gtest/gtest.h>

#include "tests/daemon/plugin/guest_files.hpp"
#include "tests/daemon/plugin/nodes.hpp"

namespace protohost::plugin {
namespace {

using model::Node;
using testing::list;
using testing::options;
using testing::scalar;
using testing::text;

constexpr ph_str str(std::string_view value) {
    return {value.data(), value.size()};
}

constexpr std::array declared = {
    ph_option{str("greeting"), PH_OPTION_STRING, 0, str("hello"), str("what to say")},
    ph_option{str("count"), PH_OPTION_INTEGER, 0, str("3"), str("")},
    ph_option{str("ratio"), PH_OPTION_NUMBER, 0, str(""), str("")},
    ph_option{str("loud"), PH_OPTION_BOOLEAN, 0, str("false"), str("")},
    ph_option{str("patience"), PH_OPTION_DURATION, 0, str("30s"), str("")},
    ph_option{str("limit"), PH_OPTION_SIZE, 0, str("64KiB"), str("")},
    ph_option{str("names"), PH_OPTION_LIST, 0, str("[a, b]"), str("")},
    ph_option{str("extra"), PH_OPTION_ANY, 0, str(""), str("")},
};

std::string check(const Node& given) {
    Node completed;
    return text(check_options(given, declared, completed));
}

TEST(CheckOptions, FillsDefaultsInAtThePlaceOfTheMapping) {
    Node completed;
    const Node given = options({{"count", scalar("7")}});
    ASSERT_EQ(text(check_options(given, declared, completed)), "");
    EXPECT_EQ(completed.find("count")->text, "7");
    EXPECT_EQ(completed.find("greeting")->text, "hello");
    EXPECT_EQ(completed.find("greeting")->path, "listeners.web.options.greeting");
    EXPECT_EQ(to_string(completed.find("greeting")->place), "web.yaml:10:5");
    EXPECT_EQ(completed.find("ratio"), nullptr);
    ASSERT_EQ(completed.find("names")->items.size(), 2U);
    EXPECT_EQ(completed.find("names")->items[1].text, "b");
    EXPECT_EQ(completed.find("names")->items[1].path, "listeners.web.options.names[1]");
    EXPECT_FALSE(completed.find("count")->is_default);
    EXPECT_TRUE(completed.find("greeting")->is_default);
    EXPECT_TRUE(completed.find("names")->items[1].is_default);
    EXPECT_EQ(completed.find("count")->declared, "integer");
    EXPECT_EQ(completed.members.size(), 6U);
    EXPECT_EQ(completed.path, given.path);
}

TEST(CheckOptions, TakesNoOptionsForAnEmptyMapping) {
    Node completed;
    ASSERT_EQ(text(check_options(Node{}, declared, completed)), "");
    EXPECT_EQ(completed.kind, Node::Kind::mapping);
    EXPECT_EQ(completed.find("limit")->text, "64KiB");
}

TEST(CheckOptions, AcceptsValuesOfTheirTypes) {
    EXPECT_EQ(check(options({{"greeting", scalar("true")},
                             {"count", scalar("-12")},
                             {"ratio", scalar("1.5")},
                             {"loud", scalar("true")},
                             {"patience", scalar("250ms")},
                             {"limit", scalar("1MiB", true)},
                             {"names", list({})},
                             {"extra", options({{"deep", list({list({})})}})}})),
              "");
}

TEST(CheckOptions, ReportsEveryErrorWithItsPlaceAndKey) {
    EXPECT_EQ(
        check(options({{"greeting", list({})},
                       {"count", scalar("7", true)},
                       {"loud", scalar("yes")},
                       {"patience", scalar("soon")},
                       {"limit", Node{}},
                       {"names", list({scalar("a"), list({}), scalar("b")})},
                       {"gretings", scalar("x")}})),
        "web.yaml:11:20: listeners.web.options.greeting: expected a string, found a list\n"
        "web.yaml:12:20: listeners.web.options.count: expected a whole number, found the string "
        "\"7\" (remove the quotation marks)\n"
        "web.yaml:13:20: listeners.web.options.loud: expected true or false, found \"yes\" (write "
        "true or false)\n"
        "web.yaml:14:20: listeners.web.options.patience: expected a duration such as 30s, found "
        "\"soon\"\n"
        "web.yaml:15:20: listeners.web.options.limit: expected a size such as 64KiB, found nothing "
        "(write a value, or leave the key out)\n"
        "web.yaml:16:22: listeners.web.options.names[1]: expected a string, found a list\n"
        "web.yaml:17:7: listeners.web.options.gretings: unknown option \"gretings\" (did you mean "
        "\"greeting\"?)\n");
}

TEST(CheckOptions, ListsWhatThereIsWhereNothingIsClose) {
    EXPECT_EQ(check(options({{"zzzzzzzz", scalar("x")}})),
              "web.yaml:11:7: listeners.web.options.zzzzzzzz: unknown option \"zzzzzzzz\" (known: "
              "greeting, count, ratio, loud, patience, limit, names, extra)\n");
    Node completed;
    EXPECT_EQ(text(check_options(options({{"a", scalar("x")}}), {}, completed)),
              "web.yaml:11:7: listeners.web.options.a: unknown option \"a\" (this protocol has no "
              "options)\n");
}

TEST(CheckOptions, NeedsWhatIsRequired) {
    constexpr std::array required = {
        ph_option{str("host"), PH_OPTION_STRING, PH_OPTION_REQUIRED, str(""), str("whom to ask")},
        ph_option{str("key"), PH_OPTION_STRING, PH_OPTION_REQUIRED, str(""), str("")}};
    Node completed;
    EXPECT_EQ(text(check_options(options({}), required, completed)),
              "web.yaml:10:5: listeners.web.options: required option \"host\" is missing (whom to "
              "ask)\n"
              "web.yaml:10:5: listeners.web.options: required option \"key\" is missing\n");
    const Node both = options({{"key", scalar("k")}, {"host", scalar("h")}});
    EXPECT_EQ(text(check_options(both, required, completed)), "");
}

TEST(CheckOptions, NeedsAMapping) {
    Node given = list({});
    given.place = {"web.yaml", 3, 4};
    given.path = "listeners.web.options";
    EXPECT_EQ(check(given),
              "web.yaml:3:4: listeners.web.options: expected a mapping of options, found a list\n");
}

}  // namespace
}  // namespace protohost::plugin

// SPDX-License-Identifier: MIT
#include "daemon/plugin/default_value.hpp"

#include <gtest/gtest.h>

#include <protohost/abi.h>

namespace protohost::plugin {
namespace {

std::string value_of(std::uint32_t type, std::string_view text) {
    const auto node = default_value(type, text);
    if (!node) return "<none>";
    if (node->kind == model::Node::Kind::scalar) return node->text;
    std::string items;
    for (const auto& item : node->items) items += "<" + item.text + ">";
    return "list" + items;
}

TEST(DefaultValue, UnderstandsScalarsAsYamlDoes) {
    EXPECT_EQ(value_of(PH_OPTION_STRING, "hello world"), "hello world");
    EXPECT_EQ(value_of(PH_OPTION_STRING, "\"\""), "");
    EXPECT_EQ(value_of(PH_OPTION_STRING, "\"a\\n\\\"b\\\"\\\\\""), "a\n\"b\"\\");
    EXPECT_EQ(value_of(PH_OPTION_STRING, "'it''s'"), "it's");
    EXPECT_EQ(value_of(PH_OPTION_STRING, "\"half"), "<none>");
    EXPECT_EQ(value_of(PH_OPTION_STRING, "\""), "<none>");
    EXPECT_EQ(value_of(PH_OPTION_STRING, "\"a\\q\""), "<none>");
    EXPECT_EQ(value_of(PH_OPTION_STRING, "\"a\\\""), "<none>");
    EXPECT_EQ(value_of(PH_OPTION_STRING, "\"a\"b\""), "<none>");
    EXPECT_EQ(value_of(PH_OPTION_STRING, "'a'b'"), "<none>");
}

TEST(DefaultValue, MustBeOfTheType) {
    EXPECT_EQ(value_of(PH_OPTION_INTEGER, "42"), "42");
    EXPECT_EQ(value_of(PH_OPTION_INTEGER, "many"), "<none>");
    EXPECT_EQ(value_of(PH_OPTION_INTEGER, "'42'"), "<none>");
    EXPECT_EQ(value_of(PH_OPTION_BOOLEAN, "yes"), "<none>");
    EXPECT_EQ(value_of(PH_OPTION_DURATION, "30"), "<none>");
    EXPECT_EQ(value_of(PH_OPTION_SIZE, "-1"), "<none>");
    EXPECT_EQ(value_of(PH_OPTION_LIST, "a"), "<none>");
    EXPECT_EQ(value_of(PH_OPTION_ANY, "a"), "a");
}

TEST(DefaultValue, UnderstandsListsOfStrings) {
    EXPECT_EQ(value_of(PH_OPTION_LIST, "[]"), "list");
    EXPECT_EQ(value_of(PH_OPTION_LIST, " [ a , 'b, c', \"d\\\",\" ] "), "list<a><b, c><d\",>");
    EXPECT_EQ(value_of(PH_OPTION_ANY, "[a]"), "list<a>");
    EXPECT_EQ(value_of(PH_OPTION_LIST, "[a,, b]"), "<none>");
    EXPECT_EQ(value_of(PH_OPTION_LIST, "[a"), "<none>");
    EXPECT_EQ(value_of(PH_OPTION_LIST, "["), "<none>");
}

}  // namespace
}  // namespace protohost::plugin

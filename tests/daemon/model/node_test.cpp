// SPDX-License-Identifier: MIT
#include "daemon/model/node.hpp"

#include <gtest/gtest.h>

namespace protohost::model {
namespace {

Node scalar(std::string text, bool quoted = false) {
    Node node;
    node.kind = Node::Kind::scalar;
    node.text = std::move(text);
    node.quoted = quoted;
    return node;
}

Node mapping(std::string key, Node value) {
    Node node;
    node.kind = Node::Kind::mapping;
    node.members.push_back({std::move(key), {}, std::move(value)});
    return node;
}

TEST(Node, FindsAMemberByItsKey) {
    const Node node = mapping("a", scalar("1"));
    ASSERT_NE(node.find("a"), nullptr);
    EXPECT_EQ(node.find("a")->text, "1");
    EXPECT_EQ(node.find("b"), nullptr);
    EXPECT_EQ(scalar("a").find("a"), nullptr);
}

TEST(Node, IsEqualByWhatItMeansNotByWhereItStands) {
    Node here = mapping("a", scalar("1"));
    Node there = here;
    there.place = {"other.yaml", 9, 9};
    there.path = "elsewhere";
    there.members[0].value.path = "elsewhere.a";
    EXPECT_EQ(here, there);
    EXPECT_NE(here, mapping("a", scalar("2")));
    EXPECT_NE(here, mapping("b", scalar("1")));
    EXPECT_NE(here, mapping("a", scalar("1", true))) << "a quoted 1 is a string";
    EXPECT_NE(here, Node{});
}

TEST(Node, IsDescribedByItsKind) {
    Node list;
    list.kind = Node::Kind::sequence;
    EXPECT_EQ(describe(list), "a list");
    EXPECT_EQ(describe(mapping("a", {})), "a mapping");
    EXPECT_EQ(describe(scalar("a")), "a string");
    EXPECT_EQ(describe(Node{}), "nothing");
}

}  // namespace
}  // namespace protohost::model

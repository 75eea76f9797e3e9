// SPDX-License-Identifier: MIT
#include "daemon/config/load_yaml.hpp"

#include <gtest/gtest.h>

#include "daemon/base/format.hpp"

namespace protohost::config {
namespace {

using model::Node;

Node tree(const std::string& text) {
    Report report;
    auto root = load_yaml("a.yaml", text, report);
    for (const base::Error& error : report.sorted()) ADD_FAILURE() << to_string(error);
    return root.value_or(Node{});
}

std::string where(const Node& node) {
    return to_string(node.place, node.path);
}

TEST(LoadYaml, GivesEveryValueItsPlaceAndPath) {
    const Node root = tree("log:\n  level: info\nlist:\n- {a: [1, two]}\n");
    ASSERT_EQ(root.members.size(), 2U);
    EXPECT_EQ(where(*root.find("log")), "a.yaml:2:3: log");
    EXPECT_EQ(where(*root.find("log")->find("level")), "a.yaml:2:10: log.level");
    EXPECT_EQ(to_string(root.members[1].key_place), "a.yaml:3:1");
    EXPECT_EQ(where(root.find("list")->items[0].find("a")->items[1]), "a.yaml:4:11: list[0].a[1]");
}

TEST(LoadYaml, TellsQuotedTextFromPlain) {
    const Node root = tree("a: 1\nb: \"1\"\nc: '1'\nd: |\n  1\ne: !!str 1\nf: ! 1\n");
    EXPECT_FALSE(root.find("a")->quoted);
    for (const char* key : {"b", "c", "d", "e", "f"}) EXPECT_TRUE(root.find(key)->quoted) << key;
    EXPECT_EQ(root.find("d")->text, "1\n");
}

TEST(LoadYaml, KnowsNullWhenItSeesIt) {
    const Node root = tree("a:\nb: ~\nc: null\nd: \"\"\ne: 1\n");
    for (const char* key : {"a", "b", "c"}) {
        EXPECT_EQ(root.find(key)->kind, Node::Kind::null) << key;
    }
    EXPECT_EQ(root.find("d")->kind, Node::Kind::scalar);
    EXPECT_EQ(where(*root.find("a")), "a.yaml:1:1: a") << "at its key, as there is no value";
}

TEST(LoadYaml, ExpandsAliasesWithThePathOfTheirUse) {
    const Node root = tree("a: &x {k: [1]}\nb: *x\n");
    EXPECT_EQ(*root.find("a"), *root.find("b"));
    EXPECT_EQ(where(root.find("b")->find("k")->items[0]), "a.yaml:1:12: b.k[0]");
}

TEST(LoadYaml, ReadsAFileWithoutALastLineEndOrWithAByteOrderMark) {
    EXPECT_EQ(tree("a: |\n  x").find("a")->text, "x\n") << "as if the line had its end";
    EXPECT_EQ(tree("a: |\n  x\n").find("a")->text, "x\n");
    EXPECT_EQ(tree("\xef\xbb\xbf"
                   "a: b")
                  .find("a")
                  ->text,
              "b");
    EXPECT_EQ(tree("a: b\r\nc: d\r\n").find("c")->text, "d");
    EXPECT_EQ(tree("---\na: b\n...\n").find("a")->text, "b");
    EXPECT_EQ(tree("%YAML 1.2\n---\na: b\n").find("a")->text, "b");
}

TEST(LoadYaml, HostileTextsEndSoon) {
    const std::size_t size = 200'000;
    const auto repeat = [](std::string_view piece, std::size_t times) {
        std::string text;
        for (std::size_t i = 0; i < times; ++i) text += piece;
        return text;
    };
    const std::string key = base::format("\"{}\"", std::string(128, 'k'));
    const std::string values = "[" + repeat("1,", 90'000) + "]";
    for (const std::string& text : {repeat("[", size),
                                    repeat("{a: ", size / 4),
                                    repeat("- ", size / 2),
                                    repeat("? ", size / 2),
                                    "[" + repeat(",", size),
                                    "[" + repeat("&a ", size / 3),
                                    repeat("*a ", size / 3),
                                    repeat("!t ", size / 3),
                                    '"' + repeat("\\n", size / 2),
                                    repeat("a: 1\n", size / 5),
                                    repeat("{" + key + ": ", 60) + values + repeat("}", 60)}) {
        Report report;
        const auto root = load_yaml("a.yaml", text, report);
        EXPECT_FALSE(report.empty()) << text.substr(0, 20);
    }
}

}  // namespace
}  // namespace protohost::config

// SPDX-License-Identifier: MIT
#include "daemon/model/value.hpp"

#include <gtest/gtest.h>

#include "daemon/base/format.hpp"

namespace protohost::model {
namespace {

using namespace std::chrono_literals;

Node scalar(std::string text, bool quoted = false) {
    Node node;
    node.kind = Node::Kind::scalar;
    node.text = std::move(text);
    node.quoted = quoted;
    node.place = {"a.yaml", 3, 5};
    node.path = "options.key";
    return node;
}

Node list(std::vector<Node> items) {
    Node node = scalar("");
    node.kind = Node::Kind::sequence;
    node.items = std::move(items);
    return node;
}

template <class T>
std::string complaint(const base::Result<T>& result) {
    EXPECT_FALSE(result);
    std::string text;
    if (!result) {
        for (const base::Error& error : base::Errors(result.error()))
            text += to_string(error) + '\n';
    }
    return text;
}

TEST(ReadValue, GivesEachKindItsValue) {
    EXPECT_EQ(*read_string(scalar("12")), "12");
    EXPECT_EQ(*read_integer(scalar("-12")), -12);
    EXPECT_EQ(*read_number(scalar("1.5")), 1.5);
    EXPECT_EQ(*read_boolean(scalar("true")), true);
    EXPECT_EQ(*read_duration(scalar("30s", true)), 30s);
    EXPECT_EQ(*read_size(scalar("64KiB")), 65536U);
    EXPECT_EQ(*read_strings(list({scalar("a"), scalar("b")})),
              (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(*read_choice(scalar("b"), {"a", "b"}), 1U);
}

TEST(ReadBoolean, SaysWhatYaml11WordsShouldBe) {
    for (const std::string word : {"yes", "No", "ON", "off", "y", "tRuE"}) {
        EXPECT_EQ(complaint(read_boolean(scalar(word))),
                  "a.yaml:3:5: options.key: expected true or false, found \"" + word +
                      "\" (write true or false)\n");
    }
    EXPECT_EQ(complaint(read_boolean(scalar("maybe"))),
              "a.yaml:3:5: options.key: expected true or false, found \"maybe\"\n");
    EXPECT_EQ(complaint(read_boolean(scalar("true", true))),
              "a.yaml:3:5: options.key: expected true or false, found the string \"true\" "
              "(remove the quotation marks)\n");
}

TEST(ReadInteger, TakesNoQuotedText) {
    EXPECT_EQ(complaint(read_integer(scalar("5", true))),
              "a.yaml:3:5: options.key: expected a whole number, found the string \"5\" "
              "(remove the quotation marks)\n");
    EXPECT_EQ(complaint(read_integer(scalar("5.5"))),
              "a.yaml:3:5: options.key: expected a whole number, found \"5.5\"\n");
}

TEST(ReadValue, NamesTheKindThatWasFound) {
    EXPECT_EQ(complaint(read_number(list({}))),
              "a.yaml:3:5: options.key: expected a number, found a list\n");
    EXPECT_EQ(complaint(read_string(Node{})),
              "expected a string, found nothing (write a value, or leave the key out)\n");
    EXPECT_EQ(complaint(read_strings(scalar("a"))),
              "a.yaml:3:5: options.key: expected a list of strings, found \"a\"\n");
    EXPECT_EQ(complaint(read_strings(list({list({}), scalar("a"), list({})}))),
              "a.yaml:3:5: options.key: expected a string, found a list\n"
              "a.yaml:3:5: options.key: expected a string, found a list\n");
}

TEST(ReadDuration, SuggestsUnits) {
    EXPECT_EQ(complaint(read_duration(scalar("30"))),
              "a.yaml:3:5: options.key: expected a duration such as 30s, found \"30\" "
              "(add a unit: 30s, 30ms)\n");
}

TEST(ReadSize, SuggestsWhatIsNotAmbiguous) {
    EXPECT_EQ(complaint(read_size(scalar("64k"))),
              "a.yaml:3:5: options.key: expected a size such as 64KiB, found \"64k\" "
              "(write 64KiB)\n");
}

TEST(ReadValue, SaysWhatIsTooLargeOrNegative) {
    EXPECT_EQ(complaint(read_size(scalar("-1KiB"))),
              "a.yaml:3:5: options.key: expected a size such as 64KiB, found \"-1KiB\" "
              "(it cannot be negative)\n");
    EXPECT_EQ(complaint(read_size(scalar("99999999999GiB"))),
              "a.yaml:3:5: options.key: expected a size such as 64KiB, found \"99999999999GiB\" "
              "(it is too large)\n");
    EXPECT_EQ(complaint(read_duration(scalar("99999999999.5d"))),
              "a.yaml:3:5: options.key: expected a duration such as 30s, found "
              "\"99999999999.5d\" (it is too large)\n");
    EXPECT_EQ(complaint(read_integer(scalar("99999999999999999999"))),
              "a.yaml:3:5: options.key: expected a whole number, found \"99999999999999999999\" "
              "(it is too large)\n");
    EXPECT_EQ(complaint(read_duration(scalar("1.5ns"))),
              "a.yaml:3:5: options.key: expected a duration such as 30s, found \"1.5ns\"\n");
}

TEST(ReadInteger, KeepsWithinItsBounds) {
    EXPECT_EQ(*read_integer(scalar("1"), 1, 7), 1);
    EXPECT_EQ(*read_integer(scalar("7"), 1, 7), 7);
    EXPECT_EQ(complaint(read_integer(scalar("0"), 1, 7)),
              "a.yaml:3:5: options.key: expected a whole number from 1 to 7, found \"0\"\n");
    EXPECT_EQ(complaint(read_integer(scalar("8"), 1, 7)),
              "a.yaml:3:5: options.key: expected a whole number from 1 to 7, found \"8\"\n");
    EXPECT_EQ(complaint(read_integer(scalar("x"), 1, 7)),
              "a.yaml:3:5: options.key: expected a whole number from 1 to 7, found \"x\"\n");
}

TEST(ReadChoice, ListsTheWordsAndSuggestsOne) {
    EXPECT_EQ(complaint(read_choice(scalar("jsno"), {"text", "json", "raw"})),
              "a.yaml:3:5: options.key: expected text, json or raw, found \"jsno\" "
              "(did you mean \"json\"?)\n");
}

TEST(PathTo, JoinsKeysAndIndices) {
    EXPECT_EQ(path_to("", "log"), "log");
    EXPECT_EQ(path_to("listeners", "a\nb"), "listeners.a\\nb");
    EXPECT_EQ(path_to("listen", std::size_t{2}), "listen[2]");
}

TEST(Quote, KeepsAMessageOnOneLineAndShort) {
    EXPECT_EQ(quote("a\nb"), "\"a\\nb\"");
    const std::string many(59, 'x');
    EXPECT_EQ(quote(std::string(1000, 'x')), base::format("\"{}x...\"", many));
    EXPECT_EQ(quote(many + "\u00e9\u00e9"), base::format("\"{}...\"", many));
}

}  // namespace
}  // namespace protohost::model

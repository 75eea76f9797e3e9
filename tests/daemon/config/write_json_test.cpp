// SPDX-License-Identifier: MIT
#include "daemon/config/write_json.hpp"

#include <string>

#include <gtest/gtest.h>

#include "daemon/config/load.hpp"
#include "daemon/config/load_yaml.hpp"
#include "tests/daemon/config/messages.hpp"
#include "tests/daemon/config/scratch_folder.hpp"

namespace protohost::config {
namespace {

model::Node tree_of(const std::string& text) {
    Report report;
    auto node = load_yaml("a", text, report);
    EXPECT_TRUE(node && report.empty()) << text;
    return node ? *node : model::Node{};
}

std::string json_of(const std::string& text) {
    return to_json(tree_of(text), false);
}

TEST(WriteJson, UndeclaredScalarsAreWhatYamlTakesThemFor) {
    EXPECT_EQ(json_of("{a: true, b: 'true', c: yes, d: FALSE, e: , f: ~}"),
              R"({"a":true,"b":"true","c":"yes","d":false,"e":null,"f":null})");
    EXPECT_EQ(json_of("{a: 0x10, b: '16', c: -1, d: +1, e: .5, f: 1e3, g: 007, h: 64KiB}"),
              R"({"a":16,"b":"16","c":-1,"d":1,"e":0.5,"f":1000,"g":7,"h":"64KiB"})");
    EXPECT_EQ(json_of("{a: [], b: {}, c: [1, [x]]}"), R"({"a":[],"b":{},"c":[1,["x"]]})");
}

TEST(WriteJson, DeclaredScalarsAreOfTheirType) {
    const auto declared = [](const char* type, std::string text) {
        model::Node node;
        node.kind = model::Node::Kind::scalar;
        node.text = std::move(text);
        node.declared = type;
        return to_json(node, false);
    };
    EXPECT_EQ(declared("string", "1"), "\"1\"");
    EXPECT_EQ(declared("integer", "0x7f"), "127");
    EXPECT_EQ(declared("number", "1"), "1");
    EXPECT_EQ(declared("boolean", "True"), "true");
    EXPECT_EQ(declared("size", "64KiB"), "65536");
    EXPECT_EQ(declared("size", "18446744073709551615"), "18446744073709551615");
    EXPECT_EQ(declared("duration", "1.5s"), "\"1.5s\"");
    EXPECT_EQ(declared("any", "7"), "7");
}

TEST(WriteJson, TextsAreEscaped) {
    EXPECT_EQ(json_of(R"({"a\"\\": "\n\t\0\x7f/ü日"})"),
              "{\"a\\\"\\\\\":\"\\u000a\\u0009\\u0000\\u007f/ü日\"}");
    model::Node broken;
    broken.kind = model::Node::Kind::scalar;
    broken.text = "a\xFFz";
    EXPECT_EQ(to_json(broken, false), "\"a\xEF\xBF\xBDz\"");
}

TEST(WriteJson, PrettyIsOneValueToALine) {
    EXPECT_EQ(to_json(tree_of("{a: {b: 1, c: []}, d: [x, {}]}"), true),
              "{\n  \"a\": {\n    \"b\": 1,\n    \"c\": []\n  },\n"
              "  \"d\": [\n    \"x\",\n    {}\n  ]\n}");
}

TEST(WriteJson, OriginsAreByPath) {
    const ScratchFolder folder;
    const auto loaded = load_with_source(folder.write("a.yaml", "log: {areas: {unit: debug}}\n"));
    ASSERT_TRUE(loaded);
    const model::Node origins = origins_of(effective(loaded->written));
    const auto origin = [&](std::string_view path) {
        const model::Node* const found = origins.find(path);
        return found == nullptr ? "no such path" : found->text;
    };
    EXPECT_EQ(origin("log.areas.unit"), (folder.path() / "a.yaml:1:21").string());
    EXPECT_EQ(origin("log.level"), "default");
    EXPECT_EQ(origin("control.socket"), "default");
    EXPECT_EQ(origin("listeners"), "default");
    EXPECT_EQ(origin("log"), "no such path");
}

}  // namespace
}  // namespace protohost::config

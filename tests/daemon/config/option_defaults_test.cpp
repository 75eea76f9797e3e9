// SPDX-License-Identifier: MIT
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "daemon/config/effective_json.hpp"
#include "daemon/config/write_yaml.hpp"
#include "tests/daemon/config/messages.hpp"
#include "tests/daemon/config/scratch_folder.hpp"

// What the plugin of a unit gets where nobody wrote it holds, too.

namespace protohost::config {
namespace {

using nlohmann::json;

const std::vector<DeclaredProtocol> protocols{
    {"talk",
     "talk",
     "stream",
     {{"greeting", "string", false, "hello: world"},
      {"code", "string", false, "007"},
      {"count", "integer", false, "3"},
      {"pause", "duration", false, "10ms"},
      {"most", "size", false, "64KiB"},
      {"words", "list", false, "[a, '1', 2]"},
      {"more", "any"},
      {"nothing", "string"}}},
    {"talk", "log", "datagram", {{"file", "string", true}, {"level", "string", false, "info"}}},
};

model::Node written_in(const std::string& text) {
    const ScratchFolder folder;
    const auto file = folder.write("a.yaml", text);
    const auto loaded = load_with_source(file);
    EXPECT_TRUE(loaded) << messages_of(file);
    return loaded ? loaded->written : model::Node{};
}

/// A listener and an endpoint, of two protocols of the plugin.
model::Node written() {
    return written_in(
        "listeners: {a: {listen: 'unix:@a', protocol: talk, options: {count: 5, code: 1}},\n"
        "            b: {listen: 'unix:@b', protocol: other, options: {count: 5}}}\n"
        "endpoints: {l: {bind: 'unixgram:@l', protocol: talk/log, options: {file: x}}}\n");
}

const model::Node& options_of(const model::Node& tree, const char* section, const char* unit) {
    return *tree.find(section)->find(unit)->find("options");
}

TEST(OptionDefaults, StandBehindWhatWasWritten) {
    const model::Node tree = effective(written(), protocols);
    const model::Node& options = options_of(tree, "listeners", "a");
    const std::string text = to_yaml(options);
    EXPECT_EQ(text.substr(0, text.find(' ')), "count:");
    std::vector<std::string> defaults;
    for (const model::Member& option : options.members) {
        EXPECT_EQ(option.value.path, "listeners.a.options." + option.key);
        if (option.value.is_default) defaults.push_back(option.key);
    }
    EXPECT_EQ(defaults, (std::vector<std::string>{"greeting", "pause", "most", "words"}));
    EXPECT_NE(text.find("greeting: \"hello: world\""), std::string::npos) << text;
    EXPECT_NE(text.find("words: [a, \"1\", 2]"), std::string::npos) << text;
}

TEST(OptionDefaults, AreThoseOfTheProtocolThatIsNamed) {
    const model::Node tree = effective(written(), protocols);
    EXPECT_EQ(options_of(tree, "endpoints", "l").members.size(), 2U);
    EXPECT_EQ(options_of(tree, "endpoints", "l").find("level")->text, "info");
    EXPECT_EQ(options_of(tree, "listeners", "b").members.size(), 1U);
    const model::Node without = effective(written());
    EXPECT_EQ(options_of(without, "endpoints", "l").members.size(), 1U);
}

TEST(OptionDefaults, CanBeWrittenAndReadAgain) {
    const model::Node once = effective(written(), protocols);
    const model::Node again = effective(written_in(to_yaml(once)), protocols);
    for (const auto& [section, unit] : {std::pair{"listeners", "a"}, {"endpoints", "l"}}) {
        const model::Node& options = options_of(again, section, unit);
        EXPECT_EQ(options.members.size(), options_of(once, section, unit).members.size());
        for (const model::Member& option : options.members) {
            const model::Node& before = *options_of(once, section, unit).find(option.key);
            EXPECT_EQ(option.value.text, before.text);
            EXPECT_EQ(option.value.items.size(), before.items.size());
            EXPECT_FALSE(option.value.is_default);
        }
    }
}

TEST(EffectiveJson, IsTextValuesAndOrigins) {
    const model::Node source = written();
    const json all = json::parse(effective_json(source, protocols));
    EXPECT_EQ(all.size(), 3U);
    EXPECT_EQ(all.at("text"), to_yaml(effective(source, protocols)));
    EXPECT_EQ(all.at("/values/listeners/a/options"_json_pointer),
              json::parse(R"({"count": 5, "code": "1", "greeting": "hello: world",
                              "pause": "10ms", "most": 65536, "words": ["a", "1", "2"]})"));
    EXPECT_EQ(all.at("/values/listeners/b/options"_json_pointer), json({{"count", 5}}));
    const json& origins = all.at("origins");
    EXPECT_EQ(origins.at("listeners.a.options.greeting"), "default");
    const std::string count = origins.at("listeners.a.options.count");
    EXPECT_TRUE(count.ends_with("a.yaml:1:69")) << count;
}

}  // namespace
}  // namespace protohost::config

// SPDX-License-Identifier: MIT
#include <array>
#include <optional>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "daemon/config/decode.hpp"
#include "daemon/config/load.hpp"
#include "daemon/config/load_yaml.hpp"
#include "daemon/config/merge.hpp"
#include "daemon/config/read_file.hpp"
#include "daemon/config/write_yaml.hpp"
#include "tests/daemon/config/manual.hpp"

namespace protohost::config {
namespace {

constexpr std::array pieces{"\n",     "  ",
                            "\t",     ":",
                            "- ",     "[",
                            "]",      "{",
                            "}",      "\"",
                            "'",      "&a ",
                            "*a",     "#",
                            "|\n",    ">",
                            "---\n",  "...\n",
                            "!!str ", "<<: ",
                            "? ",     "~",
                            "\\",     "\xc3",
                            "\x01",   "99999999999999999999",
                            "-1",     "listeners:\n",
                            ", "};

void mutate(std::string& text, std::mt19937& random) {
    const std::size_t at = text.empty() ? 0 : random() % text.size();
    switch (random() % 4) {
        case 0:
            text.erase(at, random() % 12 + 1);
            break;
        case 1:
            text.insert(at, pieces[random() % pieces.size()]);
            break;
        case 2:
            text.insert(at, text.substr(random() % (text.size() + 1), random() % 80));
            break;
        default:
            if (!text.empty()) text[at] = static_cast<char>(random() % 256);
    }
}

model::Node tree_of(const std::string& text, Report& report) {
    Merge merge;
    if (auto tree = load_yaml("a.yaml", text, report)) merge.add(std::move(*tree), report);
    return merge.take();
}

/// What load() does with one file, without the file.
std::string messages_for(const std::string& text) {
    Report report;
    report.add_file("a.yaml");
    report.add({"a.yaml", 0, 0}, check_text("a.yaml", text));
    if (report.empty()) {
        decode(tree_of(text, report), report);
    }
    std::string messages;
    for (const base::Error& error : report.sorted()) {
        EXPECT_TRUE(error.where.starts_with("a.yaml")) << to_string(error);
        EXPECT_NE(error.what, "");
        messages += to_string(error) + '\n';
    }
    return messages;
}

TEST(Mutations, OfAGoodFileNeverCrashAndEveryMessageIsOneLineWithAPlace) {
    const std::string good = text_of(source_folder() / "config/protohost.yaml");
    ASSERT_EQ(messages_for(good), "");
    std::mt19937 random(20260102);  // fixed: a failure must come back
    int refused = 0;
    for (int i = 0; i < 3000; ++i) {
        std::string text = good;
        for (std::size_t n = random() % 6 + 1; n > 0; --n) mutate(text, random);
        SCOPED_TRACE(text);
        const std::string messages = messages_for(text);
        refused += messages.empty() ? 0 : 1;
        ASSERT_EQ(messages.find_first_of(std::string_view("\r\t\x1b\0", 4)), std::string::npos);
        ASSERT_EQ(messages, messages_for(text)) << "the same text has the same errors";
    }
    EXPECT_GT(refused, 500) << "mutations that change nothing prove nothing";
}

/// nullopt where the text is no configuration. `written` is its tree.
std::optional<model::Configuration> configuration_of(const std::string& text,
                                                     model::Node& written) {
    Report report;
    report.add({"a.yaml", 0, 0}, check_text("a.yaml", text));
    if (!report.empty()) return std::nullopt;
    written = tree_of(text, report);
    model::Configuration configuration = decode(written, report);
    return report.empty() ? std::optional(std::move(configuration)) : std::nullopt;
}

TEST(Mutations, OfTheManualsExampleThatLoadAreTheSameWhenTheyAreWrittenOut) {
    const std::string good = yaml_blocks(source_folder() / "docs/configuration.md").at(0);
    std::mt19937 random(20260103);
    int accepted = 0;
    int changed = 0;
    model::Node written;
    const auto original = configuration_of(good, written);
    ASSERT_TRUE(original);
    for (int i = 0; i < 6000; ++i) {
        std::string text = good;
        mutate(text, random);
        const auto configuration = configuration_of(text, written);
        if (!configuration) continue;
        ++accepted;
        changed += *configuration == *original ? 0 : 1;
        const std::string yaml = to_yaml(effective(written));
        model::Node again;
        ASSERT_TRUE(configuration_of(yaml, again) == configuration) << text << "\nbecame\n" << yaml;
    }
    EXPECT_GT(accepted, 200);
    EXPECT_GT(changed, 100) << "what changes nothing proves nothing";
}

}  // namespace
}  // namespace protohost::config

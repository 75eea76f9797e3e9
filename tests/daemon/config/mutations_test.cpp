// SPDX-License-Identifier: MIT
#include <array>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "daemon/config/decode.hpp"
#include "daemon/config/load_yaml.hpp"
#include "daemon/config/merge.hpp"
#include "daemon/config/read_file.hpp"

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

std::string shipped() {
    std::ifstream file(std::filesystem::path(PROTOHOST_SOURCE_DIR) / "config/protohost.yaml");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

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

/// What load() does with one file, without the file.
std::string messages_for(const std::string& text) {
    Report report;
    report.add_file("a.yaml");
    report.add({"a.yaml", 0, 0}, check_text("a.yaml", text));
    if (report.empty()) {
        model::Node root;
        if (auto tree = load_yaml("a.yaml", text, report)) merge(root, std::move(*tree), report);
        decode(root, report);
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
    const std::string good = shipped();
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

}  // namespace
}  // namespace protohost::config

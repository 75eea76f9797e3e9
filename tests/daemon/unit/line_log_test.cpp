// SPDX-License-Identifier: MIT
#include "daemon/unit/line_log.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace protohost::unit {
namespace {

/// What is logged meanwhile, each line without time, level and area.
class Logged {
public:
    Logged() { testing::internal::CaptureStderr(); }

    std::vector<std::string> lines(const std::string& area) const {
        std::vector<std::string> found;
        const std::string text = testing::internal::GetCapturedStderr();
        const std::string mark = " " + area + ": ";
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t end = text.find('\n', at);
            const std::string line = text.substr(at, end - at);
            if (const auto begin = line.find(mark); begin != std::string::npos) {
                found.push_back(line.substr(begin + mark.size()));
            }
            at = end == std::string::npos ? text.size() : end + 1;
        }
        return found;
    }
};

using Lines = std::vector<std::string>;

TEST(LineLog, PutsLinesTogetherForEachDescriptor) {
    const Logged logged;
    LineLog log("a");
    log.received(1, "on");
    log.received(2, "err");
    log.received(1, "e\ntwo\r\n\nthr");
    log.received(2, "or\n");
    log.received(1, "ee");
    log.ended(1);
    log.ended(2);
    EXPECT_EQ(logged.lines("subprocess.a"), (Lines{"one", "two", "", "error", "three"}));
    EXPECT_EQ(log.output().since(0).text, "onerre\ntwo\r\n\nthror\nee");
}

TEST(LineLog, ALongLineComesInPieces) {
    const Logged logged;
    LineLog log("b");
    const std::string piece(LineLog::longest_line, 'x');
    log.received(1, piece + piece.substr(0, 100));
    log.received(1, piece + "\n");
    EXPECT_EQ(logged.lines("subprocess.b"), (Lines{piece, piece, std::string(100, 'x')}));
}

TEST(LineLog, WhatIsTooMuchIsCountedAndKeptAllTheSame) {
    const Logged logged;
    LineLog log("c");
    constexpr unsigned written = 50'000;
    std::string all;
    for (unsigned i = 0; i < written; ++i) all += "line\n";
    log.received(1, all);
    log.ended(1);
    const Lines lines = logged.lines("subprocess.c");
    // One more tells how many are missing.
    ASSERT_EQ(lines.size(), LineLog::burst + 1U);
    EXPECT_EQ(lines.back(), "49000 lines beyond 100 a second: not logged");
    EXPECT_EQ(log.dropped_lines(), written - LineLog::burst);
    EXPECT_EQ(log.output().end(), all.size());
}

TEST(LineLog, CountsEachLineOnceWhereverItIsCut) {
    constexpr unsigned written = 20'000;
    std::string all;
    for (unsigned i = 0; i < written; ++i) all += std::string(i % 7, 'x') + "\n";
    all += std::string(10, 'x');
    for (const std::size_t piece : {1UL, 2UL, 3UL, 1000UL, all.size()}) {
        const Logged logged;
        LineLog log("d");
        for (std::size_t at = 0; at < all.size(); at += piece)
            log.received(1, all.substr(at, piece));
        log.ended(1);
        std::uint64_t told = 0;
        std::uint64_t kept = 0;
        for (const std::string& line : logged.lines("subprocess.d")) {
            const bool tells = line.find("beyond") != std::string::npos;
            tells ? told += std::stoul(line) : ++kept;
        }
        EXPECT_GE(kept, LineLog::burst);
        EXPECT_EQ(told, log.dropped_lines());
        EXPECT_EQ(kept + told, written + 1) << "in pieces of " << piece;
    }
}

}  // namespace
}  // namespace protohost::unit

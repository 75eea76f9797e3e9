// SPDX-License-Identifier: MIT
#include "daemon/base/log.hpp"

#include <atomic>
#include <regex>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace protohost::base {
namespace {

class LogTest : public testing::Test {
protected:
    void TearDown() override { configure_logging({}); }

    template <class Action>
    static std::string written(const Action& action) {
        testing::internal::CaptureStderr();
        action();
        return testing::internal::GetCapturedStderr();
    }
};

TEST_F(LogTest, TextLineHoldsTimeLevelAreaAndMessage) {
    const std::string line = written([] { Log("unit").warn("{} is {}", "web", 7); });
    EXPECT_TRUE(std::regex_match(
        line,
        std::regex("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z warn  unit: web is 7\n")))
        << line;
}

TEST_F(LogTest, TextOfAPeerCannotForgeALine) {
    const std::string line =
        written([] { Log("net").write(Level::info, "hi\n2026 error unit: \x1b[2Jforged\xff"); });
    EXPECT_TRUE(line.ends_with(" net: hi\\n2026 error unit: \\x1b[2Jforged\uFFFD\n")) << line;
}

TEST_F(LogTest, JsonLineIsOneObjectInAFixedOrder) {
    configure_logging({Level::info, LogFormat::json, {}});
    const std::string line =
        written([] { Log("unit").write(Level::error, "a \"quoted\"\nline \xff"); });
    EXPECT_TRUE(std::regex_match(
        line,
        std::regex("\\{\"time\":\"\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z\","
                   "\"level\":\"error\",\"area\":\"unit\",\"message\":\"[^\n]*\"\\}\n")))
        << line;
    EXPECT_EQ(nlohmann::json::parse(line).at("message"), "a \"quoted\"\nline \uFFFD");
}

TEST_F(LogTest, InfoIsTheDefaultLevel) {
    const Log log("default");
    EXPECT_TRUE(log.enabled(Level::info));
    EXPECT_FALSE(log.enabled(Level::debug));
    EXPECT_EQ(written([&] { log.debug("unseen"); }), "");
}

TEST_F(LogTest, AnAreaInheritsTheLevelOfWhatIsAboveIt) {
    configure_logging(
        {Level::warn, LogFormat::text, {{"net", Level::debug}, {"net.tcp.accept", Level::off}}});
    EXPECT_TRUE(Log("net").enabled(Level::debug));
    EXPECT_TRUE(Log("net.tcp").enabled(Level::debug));
    EXPECT_FALSE(Log("net.tcp").enabled(Level::trace));
    EXPECT_FALSE(Log("net.tcp.accept").enabled(Level::error));
    EXPECT_FALSE(Log("network").enabled(Level::info)) << "a longer word is another area";
    EXPECT_TRUE(Log("network").enabled(Level::warn));
}

TEST_F(LogTest, ReconfiguringReachesLoggersThatExist) {
    const Log log("plugin.echo");
    const Log copy = log;
    configure_logging({Level::info, LogFormat::text, {{"plugin", Level::trace}}});
    EXPECT_TRUE(log.enabled(Level::trace));
    EXPECT_TRUE(copy.enabled(Level::trace));
    configure_logging({Level::off, LogFormat::text, {}});
    EXPECT_FALSE(log.enabled(Level::error));
}

TEST_F(LogTest, NothingIsEnabledAtOff) {
    EXPECT_FALSE(Log("x").enabled(Level::off));
}

TEST_F(LogTest, LinesOfManyThreadsStayWholeWhileTheFormatChanges) {
    const std::string text = written([] {
        std::atomic<bool> stop = false;
        std::thread changing([&] {
            for (int i = 0; !stop; ++i) {
                configure_logging({Level::info, i % 2 ? LogFormat::json : LogFormat::text, {}});
            }
        });
        std::vector<std::thread> writing;
        writing.reserve(4);
        for (int t = 0; t < 4; ++t) {
            writing.emplace_back([t] {
                const Log log("thread." + std::to_string(t));
                for (int i = 0; i < 200; ++i) log.info("message {}", i);
            });
        }
        for (auto& thread : writing) thread.join();
        stop = true;
        changing.join();
    });
    const std::regex line("(\\{.*\"message\":\"message \\d+\"\\}|.* thread\\.\\d: message \\d+)");
    std::istringstream lines(text);
    int count = 0;
    for (std::string one; std::getline(lines, one); ++count) {
        EXPECT_TRUE(std::regex_match(one, line)) << one;
    }
    EXPECT_EQ(count, 800);
}

TEST(Level, HasTheNamesOfTheConfiguration) {
    EXPECT_EQ(to_string(Level::trace), "trace");
    EXPECT_EQ(to_string(Level::debug), "debug");
    EXPECT_EQ(to_string(Level::info), "info");
    EXPECT_EQ(to_string(Level::warn), "warn");
    EXPECT_EQ(to_string(Level::error), "error");
    EXPECT_EQ(to_string(Level::off), "off");
}

}  // namespace
}  // namespace protohost::base

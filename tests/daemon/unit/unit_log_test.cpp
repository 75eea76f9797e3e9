// SPDX-License-Identifier: MIT
#include "daemon/unit/unit_log.hpp"

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace protohost::unit {
namespace {

using Json = nlohmann::json;

class UnitLogTest : public testing::Test {
protected:
    UnitLogTest() {
        base::LogSettings settings;
        settings.format = base::LogFormat::json;
        base::configure_logging(settings);
    }
    ~UnitLogTest() override { base::configure_logging({}); }

    /// The line that comes of it, without its time; null: none does.
    template <class Action>
    static Json said(const Action& action) {
        testing::internal::CaptureStderr();
        action();
        const std::string line = testing::internal::GetCapturedStderr();
        if (line.empty()) return nullptr;
        Json object = Json::parse(line);
        object.erase("time");
        return object;
    }
};

TEST_F(UnitLogTest, LinesBeginWithTheTitleAndHaveTheName) {
    const UnitLog log("listener web");
    EXPECT_EQ(said([&] { log.warn({.id = "1", .connection = "h:1"}, "{} ended", "it"); }),
              Json::parse(R"({"level": "warn", "area": "unit", "unit": "web",
                                    "message": "listener web: it ended", "message_id": "1",
                                    "connection": "h:1"})"));
}

TEST_F(UnitLogTest, LinesOfAPluginSayWhoseTheyAre) {
    const UnitLog log("listener web", "plugin.echo", "echo", 2);
    EXPECT_EQ(said([&] { log.write(base::Level::info, "{} as it is"); }),
              Json::parse(R"({"level": "info", "area": "plugin.echo", "unit": "web",
                                    "message": "listener web: {} as it is", "plugin": "echo",
                                    "generation": 2})"));
    const UnitLog instance("", "plugin.echo", "echo", 2);
    EXPECT_EQ(said([&] { instance.info({}, "loaded"); }),
              Json::parse(R"({"level": "info", "area": "plugin.echo", "message": "loaded",
                                    "plugin": "echo", "generation": 2})"));
}

TEST_F(UnitLogTest, WhatIsNotEnabledIsNotSaid) {
    const UnitLog log("listener web");
    EXPECT_EQ(said([&] { log.debug({}, "unseen"); }), nullptr);
    EXPECT_EQ(said([&] { log.write(base::Level::debug, "unseen"); }), nullptr);
}

}  // namespace
}  // namespace protohost::unit

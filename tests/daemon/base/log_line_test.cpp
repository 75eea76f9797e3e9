// SPDX-License-Identifier: MIT
#include "daemon/base/log_line.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "daemon/base/log_setup.hpp"

namespace protohost::base {
namespace {

using nlohmann::ordered_json;

LogLine line(Level level, std::string_view message, const LogFields& about = {}) {
    return {std::chrono::system_clock::time_point{}, level, "unit", message, about};
}

const LogFields everything{.id = "5ade939d7a234caa914e7c429676b4c1",
                           .unit = "web",
                           .plugin = "echo",
                           .generation = 3,
                           .connection = "127.0.0.1:4000",
                           .config_file = "/etc/protohost/protohost.yaml",
                           .config_line = 12};

TEST(TextLine, HasItsLevelWhereItsColourIs) {
    const std::string text = text_line(line(Level::warn, "m"));
    EXPECT_EQ(text, "1970-01-01T00:00:00.000Z warn  unit: m\n");
    EXPECT_EQ(text.substr(level_column, level_width), "warn ");
}

TEST(TextLine, HasTheMessageAlone) {
    EXPECT_EQ(text_line(line(Level::info, "m", everything)), text_line(line(Level::info, "m")));
}

TEST(JsonLine, HasWhatTheLineIsAboutInLowerCase) {
    const auto object = ordered_json::parse(json_line(line(Level::error, "m", everything)));
    EXPECT_EQ(object.dump(),
              R"({"time":"1970-01-01T00:00:00.000Z","level":"error","area":"unit","message":"m",)"
              R"("message_id":"5ade939d7a234caa914e7c429676b4c1","unit":"web","plugin":"echo",)"
              R"("connection":"127.0.0.1:4000","config_file":"/etc/protohost/protohost.yaml",)"
              R"("generation":3,"config_line":12})");
}

TEST(JsonLine, LeavesOutWhatIsEmpty) {
    const auto object = ordered_json::parse(json_line(line(Level::info, "m", {.unit = "web"})));
    EXPECT_EQ(
        object.dump(),
        R"({"time":"1970-01-01T00:00:00.000Z","level":"info","area":"unit","message":"m","unit":"web"})");
}

TEST(JournalEntry, HasTheFieldsOfTheJournalAndItsOwn) {
    EXPECT_EQ(
        journal_entry(line(Level::error, "cannot", everything)),
        "MESSAGE=cannot\nPRIORITY=3\nSYSLOG_IDENTIFIER=protohostd\nPROTOHOST_AREA=unit\n"
        "MESSAGE_ID=5ade939d7a234caa914e7c429676b4c1\nPROTOHOST_UNIT=web\n"
        "PROTOHOST_PLUGIN=echo\nPROTOHOST_CONNECTION=127.0.0.1:4000\n"
        "CONFIG_FILE=/etc/protohost/protohost.yaml\nPROTOHOST_GENERATION=3\nCONFIG_LINE=12\n");
}

TEST(JournalEntry, HasThePrioritiesOfSyslog) {
    const auto priority = [](Level level) {
        const std::string entry = journal_entry(line(level, "m"));
        return entry.substr(entry.find("PRIORITY="), 10);
    };
    EXPECT_EQ(priority(Level::error), "PRIORITY=3");
    EXPECT_EQ(priority(Level::warn), "PRIORITY=4");
    EXPECT_EQ(priority(Level::info), "PRIORITY=6");
    EXPECT_EQ(priority(Level::debug), "PRIORITY=7");
    EXPECT_EQ(priority(Level::trace), "PRIORITY=7");
}

TEST(JournalEntry, CannotBeForgedByWhatAPeerSends) {
    EXPECT_EQ(journal_entry(line(Level::info, "a\nPRIORITY=0\xff", {.connection = "@x\nUNIT=y"})),
              "MESSAGE=a\\nPRIORITY=0\uFFFD\nPRIORITY=6\nSYSLOG_IDENTIFIER=protohostd\n"
              "PROTOHOST_AREA=unit\nPROTOHOST_CONNECTION=@x\\nUNIT=y\n");
}

TEST(PlaceOf, AnErrorInAFileIsItsFileAndLine) {
    for (const std::string where :
         {"/etc/p.yaml:12:9: listeners.web.protocol", "/etc/p.yaml:12:9"}) {
        const Error error{where, "what", ""};
        EXPECT_EQ(place_of(error).config_file, "/etc/p.yaml") << where;
        EXPECT_EQ(place_of(error).config_line, 12U) << where;
    }
    const Error odd{"/etc/a:1:x: b/p.yaml:7:3: log.file", "what", ""};
    EXPECT_EQ(place_of(odd).config_file, "/etc/a:1:x: b/p.yaml");
    EXPECT_EQ(place_of(odd).config_line, 7U);
}

TEST(PlaceOf, AnyOtherErrorIsNone) {
    for (const std::string where : {"",
                                    "log.file",
                                    "listener web",
                                    "/run/x.sock",
                                    "127.0.0.1:80",
                                    "tcp://127.0.0.1:80: refused",
                                    "[::1]:80:x",
                                    ":",
                                    "a:1:",
                                    "a:99999999999:1: b",
                                    "/usr/lib/p.so"}) {
        const Error error{where, "what", ""};
        EXPECT_EQ(place_of(error).config_file, "") << where;
        EXPECT_EQ(place_of(error).config_line, 0U) << where;
    }
}

}  // namespace
}  // namespace protohost::base

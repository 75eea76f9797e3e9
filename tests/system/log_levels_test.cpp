// SPDX-License-Identifier: MIT
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/system/harness/client.hpp"
#include "tests/system/harness/control.hpp"
#include "tests/system/harness/daemon.hpp"

namespace protohost::harness {
namespace {

/// A daemon whose levels are set while it serves.
class LogLevels : public testing::Test {
protected:
    void set(const std::string& level) const { EXPECT_EQ(set_code({level}), 0) << level; }
    void set_for(const std::string& level, const std::string& time) const {
        EXPECT_EQ(set_code({level, "--for", time}), 0) << level;
    }
    int set_code(const std::vector<std::string>& arguments) const { return run(arguments).code; }
    Finished run(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), {"log", "set"});
        return control_.run(arguments);
    }

    /// Whether the unit tells of a connection, which it does at `debug`.
    bool at_debug() {
        Client client(daemon_.port("lab"));
        const std::string mark = "mark " + std::to_string(++marks_);
        EXPECT_TRUE(client.send("say " + mark + "\n"));
        daemon_.log().wait_for(mark);  // and what was written before it
        return daemon_.log().count("debug unit: listener lab: connection from " + client.name()) >
               0;
    }

    Daemon daemon_{{.listeners = listener("lab", "lab")}};
    const Control control_{daemon_};
    int marks_ = 0;
};

TEST_F(LogLevels, HoldUntilFurtherNotice) {
    EXPECT_FALSE(at_debug());
    set("unit=debug");
    EXPECT_TRUE(at_debug());
    EXPECT_EQ(control_.run({"reload"}).code, 0);
    EXPECT_TRUE(at_debug());
    set("unit=default");
    EXPECT_FALSE(at_debug());
}

TEST_F(LogLevels, AreTheConfigurationsAgainAfterAWhile) {
    set_for("unit=debug", "1h");
    EXPECT_TRUE(at_debug());
    set_for("unit=debug", "1ms");
    daemon_.log().wait_for("control: unit is back at the configuration's level");
    EXPECT_FALSE(at_debug());
}

TEST_F(LogLevels, AreTheFormerOnesAgainAfterAWhile) {
    set("unit=debug");
    set_for("unit=error", "1h");
    EXPECT_FALSE(at_debug());
    set_for("unit=error", "1ms");
    daemon_.log().wait_for("control: unit is back at debug");
    EXPECT_TRUE(at_debug());
}

TEST_F(LogLevels, SetUntilFurtherNoticeEndTheWhile) {
    set_for("unit=debug", "300ms");
    set("unit=debug");
    // Set later and for as long: had the first one not ended, it would have come to its end before.
    set_for("control=debug", "300ms");
    daemon_.log().wait_for("control: control is back at the configuration's level");
    EXPECT_EQ(daemon_.log().count("unit is back"), 0U);
    EXPECT_TRUE(at_debug());
}

TEST_F(LogLevels, AreRefusedWithTheReason) {
    EXPECT_EQ(set_code({"unit"}), 2);
    EXPECT_EQ(set_code({"=debug"}), 2);
    for (const char* const time : {"5", "0s", "-1s", "never"}) {
        EXPECT_EQ(set_code({"unit=debug", "--for", time}), 2) << time;
    }
    const Finished loud = run({"unit=loud"});
    EXPECT_EQ(loud.code, 1);
    EXPECT_NE(loud.errors.find("levels are trace, debug"), std::string::npos) << loud.errors;
    const Finished misspelt = run({"units=debug"});
    EXPECT_EQ(misspelt.code, 1);
    EXPECT_EQ(misspelt.errors,
              "protohostctl: nothing logs to the area \"units\" (did you mean \"unit\"?)\n");
    const Finished stranger = run({"nothing.like.it=debug"});
    EXPECT_NE(stranger.errors.find("(there are "), std::string::npos) << stranger.errors;
    EXPECT_NE(stranger.errors.find(", plugin, plugin.lab, "), std::string::npos) << stranger.errors;
    EXPECT_FALSE(at_debug());
}

}  // namespace
}  // namespace protohost::harness

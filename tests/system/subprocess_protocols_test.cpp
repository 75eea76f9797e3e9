// SPDX-License-Identifier: MIT
// `subprocesses:` of the real daemon whose programs speak to the protocol of a plugin.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/system/harness/control.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/scale.hpp"

namespace protohost::harness {
namespace {

/// One subprocess of the protocol `dialogue`; `more` is the rest of its mapping.
DaemonSetup dialogue(const std::string& shell, const std::string& more) {
    return {.sections = "subprocesses:\n  one: {shell: \"" + shell + "\", protocol: dialogue, " +
                        more + "}\n"};
}

/// What the protocol has said, without time, level and area.
std::vector<std::string> told(const Daemon& daemon) {
    const std::string mark = "plugin.dialogue: subprocess one: ";
    std::vector<std::string> all;
    for (const std::string& line : daemon.log().with(mark)) {
        all.push_back(line.substr(line.find(mark) + mark.size()));
    }
    return all;
}

std::size_t place_of(const std::vector<std::string>& all, const std::string& text) {
    return static_cast<std::size_t>(std::find(all.begin(), all.end(), text) - all.begin());
}

std::string text_of(const std::string& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

/// But for the one that watches over them.
std::vector<std::string> children_of(const Daemon& daemon) {
    const std::string pid = std::to_string(daemon.pid());
    std::istringstream all(text_of("/proc/" + pid + "/task/" + pid + "/children"));
    std::vector<std::string> children;
    for (std::string child; all >> child;) {
        if (text_of("/proc/" + child + "/cmdline").find("--bury-orphans-of") == std::string::npos) {
            children.push_back(child);
        }
    }
    return children;
}

TEST(SubprocessProtocols, TalkWithTheirProgramOverAllOfItsPipes) {
    const Daemon daemon(dialogue("read word; echo got $word; echo oops >&2; exit 3",
                                 "options: {greeting: hello}, restart: never"));
    daemon.log().wait_for("plugin.dialogue: subprocess one: lost");
    const std::vector<std::string> all = told(daemon);
    ASSERT_EQ(all.size(), 8U) << daemon.log().all();
    EXPECT_EQ(all.front(), "made");
    EXPECT_EQ(all.back(), "lost");
    EXPECT_LT(place_of(all, "1 says got hello"), place_of(all, "end of pipe 1"));
    EXPECT_LT(place_of(all, "2 says oops"), place_of(all, "end of pipe 2"));
    EXPECT_LT(place_of(all, "end of pipe 2"), all.size());
    EXPECT_LT(place_of(all, "end of pipe 1"), all.size());
    EXPECT_LT(place_of(all, "end of pipe 0"), all.size());
    EXPECT_LT(place_of(all, "exited: 3"), all.size());
    const Control control(daemon);
    EXPECT_EQ(control.show("one")["state"], "failed");
    EXPECT_EQ(control.run({"tail", "one"}).errors,
              "protohostctl: what one writes goes to protocol dialogue/dialogue\n");
    EXPECT_EQ(daemon.log().count("subprocess.one: "), 0U) << "its lines are the protocol's";
}

TEST(SubprocessProtocols, AreMadeForEachStart) {
    const Daemon daemon(dialogue("exit 1", "backoff: {initial: 1ms, max: 1ms}"));
    ASSERT_TRUE(daemon.log().wait_for_count("plugin.dialogue: subprocess one: lost", 5));
    std::vector<std::string> all = told(daemon);
    for (std::size_t i = 0; i < 4; ++i) {
        const auto end = std::find(all.begin(), all.end(), "lost");
        EXPECT_EQ(std::count(all.begin(), end, "made"), 1);
        EXPECT_EQ(std::count(all.begin(), end, "exited: 1"), 1);
        EXPECT_EQ(all.front(), "made") << "not before the one before it is lost";
        all.erase(all.begin(), end + 1);
    }
}

TEST(SubprocessProtocols, MayEndTheirProgramThemselvesWhenItIsStopped) {
    const Daemon daemon(
        dialogue("trap 'echo signalled' TERM; while read word; do echo $word; "
                 "[ $word = bye ] && exit 0; done",
                 "options: {greeting: hello, farewell: bye}"));
    daemon.log().wait_for("1 says hello");
    EXPECT_EQ(Control(daemon).run({"stop", "one"}).code, 0);
    const std::vector<std::string> all = told(daemon);
    EXPECT_LT(place_of(all, "drain"), place_of(all, "1 says bye"));
    EXPECT_LT(place_of(all, "1 says bye"), place_of(all, "end of pipe 1"));
    EXPECT_LT(place_of(all, "exited: 0"), all.size());
    EXPECT_EQ(all.back(), "lost");
    EXPECT_EQ(daemon.log().count("signalled"), 0U);
}

TEST(SubprocessProtocols, LeaveTheStopToItsSignalOtherwise) {
    const Daemon daemon(
        dialogue("trap 'echo hup; exit 0' HUP; echo up; while :; do read word; done",
                 "stop: {signal: SIGHUP}"));
    daemon.log().wait_for("1 says up");
    EXPECT_EQ(Control(daemon).run({"stop", "one"}).code, 0);
    const std::vector<std::string> all = told(daemon);
    EXPECT_LT(place_of(all, "drain"), place_of(all, "1 says hup"));
    EXPECT_LT(place_of(all, "1 says hup"), place_of(all, "lost"));
    EXPECT_EQ(std::count(all.begin(), all.end(), "exited: 0"), 1);
}

TEST(SubprocessProtocols, ThatAreNotMadeLeaveNoProcessBehind) {
    const Daemon daemon(dialogue("exec sleep 1000", "options: {fails: true}, restart: never"));
    daemon.log().wait_for("plugin dialogue: make_protocol failed: no dialogue today");
    daemon.log().wait_for("subprocess one: not started again: restart is never");
    const base::Json shown = Control(daemon).show("one");
    EXPECT_EQ(shown["state"], "failed");
    EXPECT_EQ(told(daemon), std::vector<std::string>{});
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!children_of(daemon).empty() && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    EXPECT_EQ(children_of(daemon), std::vector<std::string>{});
}

}  // namespace
}  // namespace protohost::harness

// SPDX-License-Identifier: MIT
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "tests/daemon/base/fake_service_manager.hpp"
#include "tests/system/harness/client.hpp"
#include "tests/system/harness/control.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/scale.hpp"

namespace protohost::harness {
namespace {

namespace fs = std::filesystem;

std::string text_of(const std::string& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

/// A daemon that logs to a file, from its start.
class LogToFile : public testing::Test {
protected:
    LogToFile() {
        constexpr int milliseconds = 1000 * static_cast<int>(patience.count());
        std::string said;
        do said = manager_.hear(milliseconds);
        while (!said.empty() && !said.starts_with("READY=1"));
        EXPECT_NE(said, "");
    }

    DaemonSetup setup(const std::string& file) const {
        return {.listeners = listener("lab", "lab"),
                .log = "{file: " + file + "}",
                .wrapper = {"env", "NOTIFY_SOCKET=" + manager_.name()},
                .awaited = ""};
    }
    /// Has the daemon log `text`, which is there when this returns.
    void say(const std::string& text) const {
        Client client(control_.port("lab"));
        EXPECT_TRUE(client.send("say " + text + "\nsoon done\n"));
        EXPECT_EQ(client.receive_line(), "done\n");
    }
    /// What came before has been dealt with when this returns.
    void reopen() const {
        daemon_.signal(SIGUSR1);
        control_.status();
    }

    const fakes::FakeServiceManager manager_;
    const ScratchFolder logs_;
    const std::string file_ = (logs_.path() / "p.log").string();
    Daemon daemon_{setup(file_)};
    const Control control_{daemon_};
};

TEST_F(LogToFile, HasAllLinesFromTheFirstConfigurationOn) {
    say("hello");
    EXPECT_EQ(daemon_.stop(), 0);
    const std::string text = text_of(file_);
    for (const char* const part :
         {" supervisor: protohostd ", ": hello", "SIGTERM: stopping", " supervisor: stopped\n"}) {
        EXPECT_TRUE(has(text, part)) << part << " in " << text;
    }
    EXPECT_EQ(daemon_.log().all(), "");
    EXPECT_EQ(fs::status(file_).permissions() & fs::perms::others_all, fs::perms::none);
}

TEST_F(LogToFile, GoesOnInANewFileWhereTheOldOneWasMovedAway) {
    say("first");
    fs::rename(file_, file_ + ".1");
    say("second");
    EXPECT_FALSE(fs::exists(file_));
    reopen();
    say("third");
    EXPECT_TRUE(has(text_of(file_ + ".1"), ": first\n"));
    EXPECT_TRUE(has(text_of(file_ + ".1"), ": second\n"));
    EXPECT_TRUE(has(text_of(file_), ": third\n"));
    EXPECT_FALSE(has(text_of(file_), ": second\n"));
    EXPECT_EQ(daemon_.log().all(), "");
}

TEST_F(LogToFile, StaysInTheOldFileWhereThereCanBeNoNewOne) {
    fs::rename(file_, file_ + ".1");
    fs::create_directory(file_);
    reopen();
    daemon_.log().wait_for("error log: cannot append to " + file_ +
                           ": Is a directory; the log goes on in the file that was open");
    say("still");
    EXPECT_TRUE(has(text_of(file_ + ".1"), ": still\n"));
    EXPECT_EQ(daemon_.log().count("still"), 0U);
}

TEST_F(LogToFile, ChangesWithTheConfiguration) {
    const std::string next = (logs_.path() / "next.log").string();
    daemon_.rewrite(setup(next));
    control_.reload();
    say("next");
    EXPECT_TRUE(has(text_of(next), ": next\n"));
    EXPECT_FALSE(has(text_of(file_), ": next\n"));
    daemon_.rewrite({.listeners = listener("lab", "lab")});
    control_.reload();
    say("spoken");
    daemon_.log().wait_for(": spoken");
    EXPECT_FALSE(has(text_of(next), ": spoken"));
}

TEST_F(LogToFile, StaysAsItIsWhereAReloadIsRejected) {
    const std::string bad = (logs_.path() / "none" / "p.log").string();
    daemon_.rewrite(setup(bad));
    const Finished refused = control_.run({"reload"});
    EXPECT_EQ(refused.code, 1);
    EXPECT_TRUE(has(refused.errors,
                    daemon_.configuration() + ":2:13: log.file: cannot append to " + bad +
                        ": No such file or directory (make the folder "))
        << refused.errors;
    // Another file could be had, but a listener could not.
    const std::string next = (logs_.path() / "next.log").string();
    DaemonSetup taken = setup(next);
    taken.listeners += "  other: {listen: \"unix:///none/x\", protocol: lab}\n";
    daemon_.rewrite(taken);
    EXPECT_EQ(control_.run({"reload"}).code, 1);
    EXPECT_FALSE(fs::exists(next));
    say("as before");
    EXPECT_TRUE(has(text_of(file_), ": as before\n"));
}

TEST(LogFileAtTheStart, ThatCannotBeOpenedIsAnErrorOfTheConfiguration) {
    const ScratchFolder folder;
    const std::string bad = (folder.path() / "none" / "p.log").string();
    const std::string file = folder.write("protohost.yaml", "log: {file: " + bad + "}\n");
    for (const bool check : {false, true}) {
        std::vector<std::string> command{daemon_program(), "--config", file};
        if (check) command.emplace_back("--check");
        const Finished done = run(command);
        EXPECT_EQ(done.code, 78);
        EXPECT_EQ(done.errors,
                  file + ":1:13: log.file: cannot append to " + bad +
                      ": No such file or directory (make the folder " +
                      (folder.path() / "none").string() +
                      ", for example with LogsDirectory= of the service)\n");
    }
}

TEST(LogFileAtTheStart, IsNotMadeByACheck) {
    const ScratchFolder folder;
    const std::string log = (folder.path() / "p.log").string();
    const std::string file = folder.write("protohost.yaml", "log: {file: " + log + "}\n");
    EXPECT_EQ(run({daemon_program(), "--config", file, "--check"}).code, 0);
    EXPECT_FALSE(fs::exists(log));
}

TEST(ReopenSignal, WithoutAFileDoesNothing) {
    Daemon daemon({.listeners = listener("echo", "echo")});
    const std::string before = daemon.log().all();
    for (int i = 0; i < 100; ++i) daemon.signal(SIGUSR1);
    EXPECT_TRUE(Client(daemon.port("echo")).echoes("hello"));
    EXPECT_EQ(daemon.log().all(), before);
}

TEST(ReopenSignal, KillsNobodyDuringTheStart) {
    Daemon daemon({.listeners = listener(
                       "eager", "eager", ", options: {signal: " + std::to_string(SIGUSR1) + "}")});
    EXPECT_TRUE(Client(daemon.port("eager")));
}

}  // namespace
}  // namespace protohost::harness

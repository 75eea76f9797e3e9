// SPDX-License-Identifier: MIT
#include <csignal>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/system/harness/client.hpp"
#include "tests/system/harness/control.hpp"
#include "tests/system/harness/daemon.hpp"

namespace protohost::harness {
namespace {

using base::Json;

TEST(CommandLine, WatchesTheStatusUntilTheDaemonIsGone) {
    Daemon daemon({.listeners = listener("echo", "echo")});
    Child watch({control_program(), "--socket", daemon.control_socket(), "status", "--watch"});
    const LogLines screens(watch.take_output());
    const LogLines errors(watch.take_errors());
    screens.wait_for_count("is serving since", 2);
    Client client(daemon.port("echo"));
    ASSERT_TRUE(client.echoes("hello"));
    screens.wait_for("1     1      5 B  5 B");
    EXPECT_EQ(screens.count("\033["), 0U) << "what is no terminal is not cleared";
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_EQ(watch.wait(), 5);
}

TEST(CommandLine, WatchesAsOneObjectALine) {
    Daemon daemon({.listeners = listener("echo", "echo")});
    Child watch(
        {control_program(), "--socket", daemon.control_socket(), "--json", "status", "--watch"});
    const LogLines lines(watch.take_output());
    lines.wait_for_count("", 2);
    for (const std::string& line : lines.with("")) {
        EXPECT_EQ(Json::parse(line)["daemon"]["pid"], daemon.pid());
    }
    EXPECT_TRUE(watch.running());
    watch.signal(SIGINT);
    EXPECT_EQ(watch.wait(), 128 + SIGINT);
}

TEST(CommandLine, ClearsTheScreenOfATerminal) {
    Daemon daemon({.listeners = listener("echo", "echo")});
    Child watch({"script",
                 "-qefc",
                 control_program() + " --socket " + daemon.control_socket() + " status --watch",
                 "/dev/null"});
    const LogLines screens(watch.take_output());
    screens.wait_for("\033[H\033[2Jprotohostd");
    watch.signal(SIGTERM);
    watch.wait();
}

TEST(CommandLine, ExitsWithTwoAndSaysWhatItDoesNotKnow) {
    const auto expect = [](const std::vector<std::string>& arguments, const std::string& says) {
        const Finished finished = Control("/nonexistent").run(arguments);
        EXPECT_EQ(finished.code, 2) << testing::PrintToString(arguments);
        EXPECT_EQ(finished.output, "");
        EXPECT_NE(finished.errors.find(says), std::string::npos) << finished.errors;
    };
    expect({"statu"}, "there is no command \"statu\" (did you mean \"status\"?)");
    expect({"frobnicate"}, "there is no command \"frobnicate\"");
    expect({"plugin", "lits"}, "there is no command \"lits\" (did you mean \"list\"?)");
    expect({}, "A subcommand is required");
    expect({"status", "--wach"}, "--wach");
    expect({"list", "units"}, "listeners");
    expect({"check", "file.yaml"}, "file.yaml");
    for (const char* const time : {"abc", "-1", "nan", "1e300"}) {
        expect(
            {"--timeout", time, "status"},
            std::string("--timeout: \"") + time + "\" is no number of seconds from 0 to 31536000");
    }
}

TEST(CommandLine, ExitsWithFiveAndSaysWhereItLooked) {
    const ScratchFolder folder;
    const std::string gone = (folder.path() / "control.sock").string();
    const Finished finished = Control(gone).run({"status"});
    EXPECT_EQ(finished.code, 5);
    EXPECT_EQ(finished.errors,
              "protohostctl: " + gone +
                  ": No such file or directory (is protohostd running? its control.socket may be "
                  "another: --socket PATH)\n");
    Daemon killed({.listeners = listener("echo", "echo")});
    EXPECT_EQ(killed.stop(SIGKILL), 128 + SIGKILL);
    const Finished refused = Control(killed).run({"reload"});
    EXPECT_EQ(refused.code, 5);
    EXPECT_NE(refused.errors.find("Connection refused (is protohostd running?"), std::string::npos)
        << refused.errors;
}

TEST(CommandLine, TakesTheLastOfTwoSockets) {
    Daemon daemon({.listeners = listener("echo", "echo")});
    EXPECT_EQ(Control("/nonexistent").run({"status", "--socket", daemon.control_socket()}).code, 0);
}

TEST(CommandLine, ChecksAsTheDaemonDoes) {
    const ScratchFolder folder;
    const std::string file = write_configuration(folder, {.listeners = listener("echo", "echo")});
    const std::string bad = folder.write("bad.yaml", "listeners: {echo: {lisen: 'unix:@a'}}\n");
    const auto words = [&](const std::string& program, const std::string& configuration) {
        return program == daemon_program() ? run({program, "--check", "--config", configuration})
                                           : run({program, "check", "--config", configuration});
    };
    for (const std::string& program : {daemon_program(), control_program()}) {
        const Finished good = words(program, file);
        EXPECT_EQ(good.code, 0) << good.errors;
        EXPECT_EQ(good.output, file + ": the configuration is good\n");
        const Finished refused = words(program, bad);
        EXPECT_EQ(refused.code, 78);
        EXPECT_EQ(refused.output, "");
        EXPECT_NE(
            refused.errors.find(bad + ":1:20: listeners.echo.lisen: unknown key (did you mean "
                                      "\"listen\"?)\n"),
            std::string::npos)
            << refused.errors;
        EXPECT_EQ(words(program, "/nonexistent.yaml").code, 78);
    }
}

TEST(CommandLine, ChecksPluginFiles) {
    const auto check = [](const std::string& file) {
        return run({control_program(), "plugin", "check", file});
    };
    const Finished good = check(test_plugins() + "/lab.so");
    EXPECT_EQ(good.code, 0) << good.errors;
    EXPECT_NE(good.output.find("protocol lab/lab (stream): does what it is told"),
              std::string::npos)
        << good.output;
    const ScratchFolder folder;
    const std::string text = folder.write("text.so", "not a plugin");
    const Finished none = check(text);
    EXPECT_EQ(none.code, 78);
    EXPECT_EQ(none.errors, text + ": not an ELF file (a plugin is a shared object)\n");
    EXPECT_EQ(check("/nonexistent.so").code, 78);
    // It is tried, and not only read.
    const Finished crash = check(PROTOHOST_BUILD_DIR "/tests/system/tongues/crashes/tongue.so");
    EXPECT_EQ(crash.code, 78);
    EXPECT_NE(crash.errors.find("tongue.so: crashes"), std::string::npos) << crash.errors;
    EXPECT_NE(crash.errors.find("SIGABRT"), std::string::npos) << crash.errors;
}

}  // namespace
}  // namespace protohost::harness

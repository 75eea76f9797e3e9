// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/system/harness/client.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/free_port.hpp"

namespace protohost::harness {
namespace {

namespace fs = std::filesystem;

/// A daemon that is not expected to serve.
class ExitCode : public testing::Test {
protected:
    Finished serve(const DaemonSetup& setup) {
        configuration_ = write_configuration(folder_, setup);
        return run({daemon_program(), "--config", configuration_});
    }
    std::string place(const std::string& line_and_column) const {
        return configuration_ + ":" + line_and_column + ": ";
    }

    ScratchFolder folder_;
    std::string configuration_;
};

std::string listen_on(const std::string& name, std::uint16_t port) {
    return "  " + name + ": {listen: \"tcp://127.0.0.1:" + std::to_string(port) +
           "\", protocol: echo}\n";
}

std::size_t entries(const std::string& directory) {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

/// The private copies of plugins in a state directory.
std::size_t copies(const std::string& directory) {
    const auto all = fs::recursive_directory_iterator(directory);
    return static_cast<std::size_t>(std::count_if(
        begin(all), end(all), [](const auto& entry) { return entry.path().extension() == ".so"; }));
}

TEST_F(ExitCode, IsOneForAPortThatIsTaken) {
    Daemon daemon({.listeners = listener("echo", "echo")});
    const std::uint16_t port = daemon.port("echo");
    const Finished finished = serve({.listeners = listen_on("second", port)});
    EXPECT_EQ(finished.code, 1);
    EXPECT_EQ(finished.errors,
              place("5:20") + "listeners.second.listen: cannot listen on tcp://127.0.0.1:" +
                  std::to_string(port) +
                  ": Address already in use (another listener or process has it, perhaps on every "
                  "address; find it with ss -ltnp)\n");
    EXPECT_EQ(finished.output, "");
}

TEST_F(ExitCode, IsOneForAStateDirectoryThatIsAFile) {
    const std::string file = folder_.write("state", "not a folder");
    const Finished finished = serve({.listeners = listener("echo", "echo")});
    EXPECT_EQ(finished.code, 1);
    EXPECT_EQ(finished.errors,
              "state directory " + file +
                  ": is not a directory (set state.directory to another folder)\n");
}

TEST_F(ExitCode, IsOneForAStateDirectoryThatCannotBeWritten) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can start the daemon as another user";
    const fs::path state = folder_.path() / "state";
    fs::create_directory(state);
    configuration_ = write_configuration(folder_, {.listeners = listener("echo", "echo")});
    // A build tree below a home of root's cannot be entered: the copy can.
    const fs::path program = folder_.path() / "protohostd";
    fs::copy_file(daemon_program(), program);
    const Finished finished = run({"setpriv",
                                   "--reuid=65534",
                                   "--clear-groups",
                                   program.string(),
                                   "--config",
                                   configuration_});
    EXPECT_EQ(finished.code, 1);
    EXPECT_EQ(finished.errors,
              "state directory " + state.string() +
                  ": cannot be written: permission denied (set state.directory to another "
                  "folder)\n");
}

TEST_F(ExitCode, IsTwoForAnUnknownOption) {
    const Finished finished = run({daemon_program(), "--no-such-option"});
    EXPECT_EQ(finished.code, 2);
    EXPECT_NE(finished.errors.find("--no-such-option"), std::string::npos) << finished.errors;
}

TEST_F(ExitCode, IsSeventyEightForAConfigurationToMend) {
    const Finished finished = serve({.listeners = "  echo: {lissten: tcp://127.0.0.1:0}\n"});
    EXPECT_EQ(finished.code, 78);
    EXPECT_NE(
        finished.errors.find(place("5:10") +
                             "listeners.echo.lissten: unknown key (did you mean \"listen\"?)\n"),
        std::string::npos)
        << finished.errors;
}

TEST_F(ExitCode, IsSeventyEightForAConfigurationThatIsMissing) {
    const Finished finished = run({daemon_program(), "--config", "/no/such/protohost.yaml"});
    EXPECT_EQ(finished.code, 78);
    EXPECT_NE(finished.errors.find("/no/such/protohost.yaml"), std::string::npos)
        << finished.errors;
}

TEST_F(ExitCode, IsSeventyEightForAPluginThatIsMissing) {
    const Finished finished = serve({.listeners = listener("echo", "ecoh")});
    EXPECT_EQ(finished.code, 78);
    EXPECT_TRUE(finished.errors.starts_with(
        place("5:49") + "listeners.echo.protocol: no plugin \"ecoh\" in " + test_plugins() + ", "))
        << finished.errors;
    EXPECT_TRUE(finished.errors.ends_with(" (did you mean \"echo\"?)\n")) << finished.errors;
}

TEST_F(ExitCode, IsSeventyEightForAValueThatThePluginDoesNotTake) {
    const Finished finished =
        serve({.listeners = listener("sick", "faulty", ", options: {standard: maybe}")});
    EXPECT_EQ(finished.code, 78);
    EXPECT_EQ(finished.errors,
              place("5:77") +
                  "listeners.sick.options.standard: expected true or false, found \"maybe\"\n");
}

TEST_F(ExitCode, ComesWithTheErrorsOfEveryListener) {
    const Finished finished =
        serve({.listeners = listener("one", "missing1") + listener("two", "echo") +
                            listener("three", "missing2")});
    EXPECT_EQ(finished.code, 78);
    EXPECT_NE(finished.errors.find("listeners.one.protocol: no plugin \"missing1\""),
              std::string::npos);
    EXPECT_NE(finished.errors.find("listeners.three.protocol: no plugin \"missing2\""),
              std::string::npos);
    EXPECT_EQ(copies((folder_.path() / "state").string()), 0U);
}

TEST_F(ExitCode, IsZeroForHelpAndVersion) {
    EXPECT_EQ(run({daemon_program(), "--help"}).code, 0);
    const Finished version = run({daemon_program(), "--version"});
    EXPECT_EQ(version.code, 0);
    EXPECT_TRUE(version.output.starts_with("protohostd ")) << version.output;
}

TEST(Check, IsGoodBesideTheDaemonThatRunsOnTheSameConfiguration) {
    const std::uint16_t port = free_port();
    Daemon daemon({.listeners = listen_on("echo", port)});
    Client client(port);
    ASSERT_TRUE(client.echoes("before"));
    const std::size_t before = entries(daemon.state_directory());

    const Finished check = run({daemon_program(), "--check", "--config", daemon.configuration()});
    EXPECT_EQ(check.code, 0);
    EXPECT_EQ(check.errors, "");
    EXPECT_EQ(check.output, daemon.configuration() + ": the configuration is good\n");
    EXPECT_EQ(entries(daemon.state_directory()), before);
    EXPECT_EQ(copies(daemon.state_directory()), 1U);
    EXPECT_TRUE(client.echoes("after"));
    EXPECT_TRUE(Client(port).echoes("anew"));
}

TEST(Check, LeavesNothingInTheFolderForTemporaryFiles) {
    const ScratchFolder folder;
    const std::string file = write_configuration(folder, {.listeners = listener("echo", "echo")});
    const fs::path temporary = folder.path() / "tmp";
    fs::create_directory(temporary);
    const std::string variable = "TMPDIR=" + temporary.string();
    EXPECT_EQ(run({"env", variable, daemon_program(), "--check", "--config", file}).code, 0);
    EXPECT_EQ(entries(temporary.string()), 0U);
    EXPECT_FALSE(fs::exists(folder.path() / "state"));
    const std::string plugin = test_plugins() + "/faulty.so";
    EXPECT_EQ(run({"env", variable, daemon_program(), "--dump-plugin", plugin}).code, 0);
    EXPECT_EQ(entries(temporary.string()), 0U);
}

TEST(Check, FindsWhatIsWrongWithoutTouchingAnything) {
    const ScratchFolder folder;
    const std::string file =
        write_configuration(folder, {.listeners = listener("echo", "echo", ", options: {a: 1}")});
    const Finished check = run({daemon_program(), "--check", "--config", file});
    EXPECT_EQ(check.code, 78);
    EXPECT_EQ(check.output, "");
    EXPECT_EQ(check.errors,
              file +
                  ":5:65: listeners.echo.options.a: unknown option \"a\" (this protocol has no "
                  "options)\n");
    EXPECT_FALSE(fs::exists(folder.path() / "state"));
}

TEST(StateDirectory, IsSharedByDaemonsSideBySide) {
    const ScratchFolder folder;
    const std::string state = (folder.path() / "shared").string();
    Daemon first({.listeners = listener("echo", "echo"), .state_directory = state});
    Daemon second({.listeners = listener("echo", "echo"), .state_directory = state});
    EXPECT_EQ(copies(state), 2U);
    EXPECT_TRUE(Client(first.port("echo")).echoes("one"));
    EXPECT_TRUE(Client(second.port("echo")).echoes("two"));
    EXPECT_EQ(first.stop(), 0);
    EXPECT_EQ(copies(state), 1U);
    EXPECT_TRUE(Client(second.port("echo")).echoes("three"));
    EXPECT_EQ(second.stop(), 0);
    EXPECT_EQ(copies(state), 0U);
}

TEST(StateDirectory, IsSweptOfWhatAKilledDaemonLeft) {
    const ScratchFolder folder;
    const std::string state = (folder.path() / "shared").string();
    Daemon killed({.listeners = listener("echo", "echo"), .state_directory = state});
    EXPECT_EQ(killed.stop(SIGKILL), 128 + SIGKILL);
    EXPECT_EQ(copies(state), 1U);
    const std::size_t left = entries(state);
    Daemon next({.listeners = listener("echo", "echo"), .state_directory = state});
    EXPECT_EQ(copies(state), 1U);
    EXPECT_EQ(entries(state), left);
    EXPECT_EQ(next.stop(), 0);
    EXPECT_EQ(copies(state), 0U);
    EXPECT_EQ(entries(state), left - 1);
}

TEST(DumpPlugin, PrintsWhatAPluginIs) {
    const Finished dump = run({daemon_program(), "--dump-plugin", test_plugins() + "/faulty.so"});
    EXPECT_EQ(dump.code, 0);
    for (const char* text : {"faulty", "1.0", "throw_in", "standard", "throws on demand"}) {
        EXPECT_NE(dump.output.find(text), std::string::npos) << text << " in " << dump.output;
    }
    EXPECT_EQ(run({daemon_program(), "--dump-plugin", "/no/such.so"}).code, 78);
}

}  // namespace
}  // namespace protohost::harness

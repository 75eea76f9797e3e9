// SPDX-License-Identifier: MIT
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/system/harness/client.hpp"
#include "tests/system/harness/control.hpp"
#include "tests/system/harness/daemon.hpp"

namespace protohost::harness {
namespace {

namespace fs = std::filesystem;

Finished run_in(const fs::path& folder, const std::vector<std::string>& words) {
    std::vector<std::string> command{"env", "-C", folder.string()};
    command.insert(command.end(), words.begin(), words.end());
    return run(command);
}

Finished new_plugin(const fs::path& folder, const std::string& name) {
    return run_in(folder, {control_program(), "plugin", "new", name});
}

std::string text_of(const fs::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

void replace(const fs::path& file, const std::string& what, const std::string& by) {
    std::string text = text_of(file);
    const auto at = text.find(what);
    ASSERT_NE(at, std::string::npos) << what << " in " << file;
    std::ofstream(file) << text.replace(at, what.size(), by);
}

/// With the SDK where tests/sdk has installed it, as an author has it.
TEST(OutsideStarter, BuildsPassesItsTestAndIsServed) {
    const ScratchFolder home;
    const Finished made = new_plugin(home.path(), "chat");
    ASSERT_EQ(made.code, 0) << made.errors;
    const std::string try_it = "try it:\n  ";
    const auto at = made.output.find(try_it);
    ASSERT_NE(at, std::string::npos) << made.output;
    // What it says to type, typed.
    const Finished built = run_in(home.path(),
                                  {"env",
                                   "CMAKE_PREFIX_PATH=" PROTOHOST_BUILD_DIR "/tests/sdk/prefix",
                                   "sh",
                                   "-ec",
                                   made.output.substr(at + try_it.size())});
    ASSERT_EQ(built.code, 0) << built.output << built.errors;
    EXPECT_NE(built.output.find("100% tests passed, 0 tests failed out of 1"), std::string::npos)
        << built.output;
    const std::string plugin = (home.path() / "chat/build/plugins/chat.so").string();
    EXPECT_EQ(run({control_program(), "plugin", "check", plugin}).code, 0);

    const std::string definition = (home.path() / "chat/chat.yaml").string();
    EXPECT_EQ(run({control_program(), "check", "--config", definition}).code, 0);
    replace(definition, ":7008", ":0");
    replace(definition, "greeting: hello", "greeting: good day");
    const std::string text = text_of(definition);
    const std::string listeners = text.substr(text.find("listeners:\n") + 11);
    Daemon daemon(
        {.listeners = listeners, .plugins = (home.path() / "chat/build/plugins").string()});
    Client client(daemon.port("chat"));
    EXPECT_EQ(client.receive_line(), "good day\n");
    EXPECT_TRUE(client.echoes("what I say\n"));
}

TEST(Starter, TouchesNothingThatIsThere) {
    const ScratchFolder home;
    EXPECT_EQ(new_plugin(home.path(), "chat").code, 0);
    home.write("chat/chat.cpp", "my own");
    const Finished again = new_plugin(home.path(), "chat");
    EXPECT_EQ(again.code, 1);
    EXPECT_EQ(again.errors, "protohostctl: chat is there already\n");
    EXPECT_EQ(text_of(home.path() / "chat/chat.cpp"), "my own");
}

TEST(Starter, TakesNamesThatPluginsMayHave) {
    const ScratchFolder home;
    for (const char* const name : {"", "a b", "../up", "-x", "_x", "a.b", "a/b"}) {
        const Finished refused =
            run_in(home.path(), {control_program(), "plugin", "new", "--", name});
        EXPECT_EQ(refused.code, 1) << name;
        EXPECT_NE(refused.errors.find("a plugin's name is letters, digits, - and _, at most 31"),
                  std::string::npos)
            << name << ": " << refused.errors;
    }
    EXPECT_EQ(new_plugin(home.path(), std::string(32, 'x')).code, 1);
    EXPECT_TRUE(fs::is_empty(home.path()));
    EXPECT_EQ(new_plugin(home.path(), std::string(31, 'x')).code, 0);
    EXPECT_EQ(run_in("/proc", {control_program(), "plugin", "new", "chat"}).code, 1);
}

}  // namespace
}  // namespace protohost::harness

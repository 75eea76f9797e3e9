// SPDX-License-Identifier: MIT
// The plugin `exec` in the real daemon: a program for each connection.
#include <chrono>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "tests/system/harness/child.hpp"
#include "tests/system/harness/client.hpp"
#include "tests/system/harness/control.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/figures.hpp"
#include "tests/system/harness/scale.hpp"

namespace protohost::harness {
namespace {

constexpr std::size_t mebibyte = 1024 * 1024;

std::string exec(const std::string& command, const std::string& options = "") {
    return listener("exec", "exec", ", options: {command: " + command + options + "}");
}

/// Until there are so many, connections and programs together.
void wait_until_open(const Daemon& daemon, std::size_t count) {
    const Control control(daemon);
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (control.show("exec")["connections"]["open"] != count) {
        ASSERT_LT(std::chrono::steady_clock::now(), deadline);
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

void wait_until_quiet(const Daemon& daemon) {
    wait_until_open(daemon, 0);
}

TEST(Exec, AConnectionIsTheStandardInputAndOutputOfAProgram) {
    const Daemon daemon({.listeners = exec("[cat]")});
    Client one(daemon.port("exec"));
    Client two(daemon.port("exec"));
    EXPECT_TRUE(one.echoes("first"));
    EXPECT_TRUE(two.echoes("second"));
    EXPECT_TRUE(one.echoes("again"));
    one.shut_down_writing();
    EXPECT_EQ(one.ending(), Ending::orderly);
    EXPECT_TRUE(two.echoes("still here"));
}

TEST(Exec, TheEndOfOneDirectionLeavesTheOtherOpen) {
    const Daemon daemon({.listeners = exec("[sh, -c, 'wc -c; exec >&-; read line']")});
    Client client(daemon.port("exec"));
    ASSERT_TRUE(client.send(std::string(100'000, 'x')));
    client.shut_down_writing();
    std::string counted;
    EXPECT_EQ(client.ending(&counted), Ending::orderly);
    EXPECT_EQ(counted, "100000\n");

    // The program may be the first to end its direction.
    const ScratchFolder folder;
    const std::string file = (folder.path() / "got").string();
    const Daemon other({.listeners = exec("[sh, -c, 'exec >&-; cat > " + file + "']")});
    Client writer(other.port("exec"));
    EXPECT_EQ(writer.ending(), Ending::orderly);
    ASSERT_TRUE(writer.send("sent after the end"));
    writer.shut_down_writing();
    wait_until_quiet(other);
    EXPECT_EQ(std::filesystem::file_size(file), 18U);
}

TEST(Exec, TheProgramKnowsWhoHasConnected) {
    const ScratchFolder folder;
    const std::string path = (folder.path() / "socket").string();
    const std::string what =
        ", protocol: exec, options: {command: [env], environment: {A: 'b c'}}}\n";
    const Daemon daemon({.listeners = "  exec: {listen: \"tcp://127.0.0.1:0\"" + what +
                                      "  local: {listen: \"unix://" + path + "\"" + what});
    Client client(daemon.port("exec"));
    const std::string port = client.name().substr(client.name().find(':') + 1);
    std::string said;
    EXPECT_EQ(client.ending(&said), Ending::orderly);
    for (const std::string& line : {std::string("REMOTE_HOST=127.0.0.1\n"),
                                    std::string("REMOTE_ADDR=127.0.0.1\n"),
                                    "REMOTE_PORT=" + port + "\n",
                                    std::string("SERVER_ADDR=127.0.0.1\n"),
                                    "SERVER_PORT=" + std::to_string(daemon.port("exec")) + "\n",
                                    std::string("PROTO=TCP\n"),
                                    std::string("A=b c\n")}) {
        EXPECT_NE(said.find(line), std::string::npos) << line << said;
    }
    Client local(path);
    said.clear();
    EXPECT_EQ(local.ending(&said), Ending::orderly);
    EXPECT_NE(said.find("PROTO=UNIX\n"), std::string::npos) << said;
    EXPECT_EQ(said.find("REMOTE_HOST"), std::string::npos) << said;
}

TEST(Exec, RunsAsAnother) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root may";
    const Daemon daemon(
        {.listeners = exec("[sh, -c, 'id -un; pwd']", ", user: nobody, directory: /")});
    Client client(daemon.port("exec"));
    std::string said;
    EXPECT_EQ(client.ending(&said), Ending::orderly);
    EXPECT_EQ(said, "nobody\n/\n");
}

TEST(Exec, StandardErrorGoesToTheLogOrToTheClient) {
    const std::string command = "[sh, -c, 'seq 30 >&2; printf last >&2; exit 3']";
    Daemon logs({.listeners = exec(command)});
    std::string said;
    EXPECT_EQ(Client(logs.port("exec")).ending(&said), Ending::orderly);
    EXPECT_EQ(said, "");
    EXPECT_EQ(logs.stop(), 0);
    EXPECT_EQ(logs.log().count(": sh (pid "), 22U) << "20 lines, the rest of them, the exit";
    EXPECT_EQ(logs.log().count("): 11 further lines on its standard error"), 1U);
    EXPECT_EQ(logs.log().count("): exited with code 3"), 1U);

    Daemon sends({.listeners = exec(command, ", errors: client")});
    EXPECT_EQ(Client(sends.port("exec")).ending(&said), Ending::orderly);
    EXPECT_TRUE(said.ends_with("29\n30\nlast")) << said;
    EXPECT_EQ(sends.stop(), 0);
    EXPECT_EQ(sends.log().count(": sh (pid "), 1U) << "the exit";
}

/// What a program has written that its client has not read, and the other way round, stays with
/// whoever wrote it.
TEST(Exec, WhoDoesNotReadStopsWhoWrites) {
    constexpr std::size_t most = 64 * mebibyte;
    const Daemon daemon({.listeners = exec("[sh, -c, 'cat /dev/zero & exec sleep 1000']")});
    Client client(daemon.port("exec"), {.receive_buffer = 16384});
    ASSERT_EQ(client.receive(1).size(), 1U);
    const std::size_t before = resident_memory(daemon.pid());
    const std::string block(64 * 1024, 's');
    std::size_t sent = 0;
    while (sent < most && client.writable_within(300)) {
        const ssize_t size =
            ::send(client.descriptor(), block.data(), block.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (size > 0) sent += static_cast<std::size_t>(size);
    }
    EXPECT_LT(sent, most);
    for (const auto& each : Control(daemon).ask("list", {{"what", "connections"}})) {
        if (each["role"] != "accepted") continue;
        EXPECT_EQ(each["reading"], false);
        EXPECT_EQ(each["writing_paused"], true);
    }
    if (!sanitized) {
        // For each direction the high watermark, and what one more read brought.
        EXPECT_LE(resident_memory(daemon.pid()), before + 2 * (64 + 64) * 1024 + 256 * 1024);
    }
    client.reset();
    wait_until_quiet(daemon);
}

TEST(Exec, AllThatWaitsForASlowReaderIsPassedOnAfterItsProgramHasEnded) {
    const std::size_t size = scaled("bytes", 64'000'000, 4'000'000);
    const Daemon daemon(
        {.listeners = exec("[head, -c, '" + std::to_string(size) + "', /dev/zero]")});
    Client client(daemon.port("exec"), {.receive_buffer = 4096});
    ASSERT_TRUE(client.readable_within(60'000));
    std::string all;
    EXPECT_EQ(client.ending(&all), Ending::orderly);
    EXPECT_EQ(all.size(), size);
}

TEST(Exec, AProgramEndsWithItsClient) {
    Daemon daemon({.listeners = exec("[sh, -c, 'echo $$; exec sleep 1000']"),
                   .log = "{level: info, areas: {plugin: debug}}"});
    Client client(daemon.port("exec"));
    const std::string pid = client.receive_line();
    EXPECT_EQ(Control(daemon).show("exec")["connections"]["open"], 2)
        << "the connection and the program";
    client.reset();
    daemon.log().wait_for("sh (pid " + pid.substr(0, pid.size() - 1) + "): was killed by SIGHUP");
    wait_until_quiet(daemon);
    EXPECT_EQ(::kill(std::stoi(pid), 0), -1);
}

TEST(Exec, ABrokenConnectionDoesNotLookLikeTheEndOfWhatWasSent) {
    const ScratchFolder folder;
    const auto file = folder.path() / "file";
    const Daemon daemon(
        {.listeners = exec("[sh, -c, 'echo up; cat > " + file.string() + ".part; mv " +
                           file.string() + ".part " + file.string() + "']")});
    Client breaks(daemon.port("exec"));
    EXPECT_EQ(breaks.receive_line(), "up\n");
    ASSERT_TRUE(breaks.send("half"));
    breaks.reset();
    wait_until_quiet(daemon);
    EXPECT_FALSE(std::filesystem::exists(file));
    Client ends(daemon.port("exec"));
    ASSERT_TRUE(ends.send("all"));
    ends.shut_down_writing();
    EXPECT_EQ(ends.ending(), Ending::orderly);
    EXPECT_EQ(std::filesystem::file_size(file), 3U);
}

TEST(Exec, WhoGoesOnWithoutItsClientIsKilledAfterItsGrace) {
    const Daemon daemon(
        {.listeners = exec("[sh, -c, \"trap '' HUP; echo up; while :; do sleep 0.01; done\"]",
                           ", grace: 20ms"),
         .log = "{level: info, areas: {plugin: debug}}"});
    Client client(daemon.port("exec"));
    EXPECT_EQ(client.receive_line(), "up\n");
    client.reset();
    daemon.log().wait_for("was killed by SIGKILL");
    wait_until_quiet(daemon);
}

TEST(Exec, TheEndOfAClientIsNoticedByAProgramThatHasClosedItsInput) {
    const Daemon daemon({.listeners = exec("[sh, -c, 'exec <&-; echo closed; exec sleep 1000']")});
    Client client(daemon.port("exec"));
    EXPECT_EQ(client.receive_line(), "closed\n");
    EXPECT_TRUE(client.send(std::string(8 * mebibyte, 'x'))) << "nobody wants it";
    client.reset();
    wait_until_quiet(daemon);
}

TEST(Exec, WhatCannotBeStartedIsSaidAndEndsTheConnection) {
    const Daemon daemon({.listeners = exec("[/no/such/program]")});
    Client client(daemon.port("exec"));
    std::string said;
    EXPECT_NE(client.ending(&said), Ending::never);
    EXPECT_EQ(said, "");
    daemon.log().wait_for("cannot start /no/such/program: No such file or directory");
}

TEST(Exec, MoreThanPerSecondAreClosedAndCounted) {
    const Daemon daemon({.listeners = exec("[cat]", ", per_second: 3")});
    std::size_t served = 0;
    std::size_t refused = 0;
    // Until one is let in again, whose turn says how many were not.
    while (served <= 3 || refused < 2) {
        Client client(daemon.port("exec"));
        client.echoes("x") ? ++served : ++refused;
        ASSERT_LT(refused, 100'000U);
    }
    daemon.log().wait_for("closed, over options.per_second; further ones are counted");
    daemon.log().wait_for(" connections were closed, over options.per_second");
    EXPECT_EQ(Control(daemon).show("exec")["connections"]["opened"], 2 * served + refused);
}

TEST(Exec, NoMoreThanItsInstancesRunAtATime) {
    const Daemon daemon({.listeners = exec("[cat]", ", instances: 2")});
    Client one(daemon.port("exec"));
    Client two(daemon.port("exec"));
    ASSERT_TRUE(one.echoes("1") && two.echoes("2"));
    for (int i = 0; i < 10; ++i) {
        EXPECT_NE(Client(daemon.port("exec")).ending(), Ending::never);
    }
    EXPECT_TRUE(daemon.log().wait_for_count("closed, over options.instances; further ones are", 1));
    one.shut_down_writing();
    EXPECT_EQ(one.ending(), Ending::orderly);
    wait_until_open(daemon, 2);
    EXPECT_TRUE(Client(daemon.port("exec")).echoes("3"));
    daemon.log().wait_for("10 connections were closed, over options.instances");
    EXPECT_TRUE(two.echoes("still here"));
}

TEST(Exec, AReloadIsForThoseWhoComeLater) {
    const Daemon daemon({.listeners = exec("[cat]")});
    Client before(daemon.port("exec"));
    ASSERT_TRUE(before.echoes("first"));
    daemon.rewrite({.listeners = exec("[echo, new]")});
    const Control control(daemon);
    EXPECT_EQ(control.reload()["changed"].size(), 1U);
    EXPECT_EQ(Client(control.port("exec")).receive_line(), "new\n");
    EXPECT_TRUE(before.echoes("still here"));
}

}  // namespace
}  // namespace protohost::harness

// SPDX-License-Identifier: MIT
#include <cstdint>
#include <future>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/system/harness/client.hpp"
#include "tests/system/harness/control.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/free_port.hpp"

namespace protohost::harness {
namespace {

using base::Json;

/// "stays" never finishes by itself, and nobody asks it to but where a test says so.
class OperatedUnits : public testing::Test {
protected:
    Finished run(const std::vector<std::string>& arguments) const {
        return control_.run(arguments);
    }
    std::string state(const std::string& unit) const { return control_.show(unit)["state"]; }
    std::string id_of(const Client& client) const {
        for (const Json& each : control_.ask("list", {{"what", "connections"}})) {
            if (each["peer"] == client.name()) return each["id"];
        }
        ADD_FAILURE() << client.name() << " is not listed";
        return {};
    }

    Daemon daemon_{
        {.listeners =
             listener("echo", "echo") +
             listener("stays", "lab", ", options: {greeting: hello, drain: keep}") +
             listener("brief",
                      "lab",
                      ", options: {greeting: hello, drain: keep}, timeouts: {drain: 1ms}")}};
    const Control control_{daemon_};
};

TEST_F(OperatedUnits, EndOneConnectionAndNoOther) {
    Client ended(daemon_.port("echo"));
    Client other(daemon_.port("echo"));
    ASSERT_TRUE(ended.echoes("first") && other.echoes("second"));
    const std::string id = id_of(ended);
    const Finished closed = run({"connection", "close", id});
    EXPECT_EQ(closed.code, 0) << closed.errors;
    EXPECT_EQ(ended.ending(), Ending::orderly);
    EXPECT_TRUE(other.echoes("still here"));
    const Finished again = run({"connection", "close", id});
    EXPECT_EQ(again.code, 1);
    EXPECT_EQ(again.errors, "protohostctl: there is no connection " + id + "\n");
}

TEST_F(OperatedUnits, SendWhatWaitsBeforeACloseAndDropItAtAnAbort) {
    constexpr std::size_t size = 8'000'000;
    for (const bool abort : {false, true}) {
        Client slow(daemon_.port("stays"), {.receive_buffer = 4096});
        ASSERT_EQ(slow.receive_line(), "hello\n");
        const auto before = daemon_.log().count("fill: accepted");
        ASSERT_TRUE(slow.send("fill " + std::to_string(size) + "\n"));
        daemon_.log().wait_for_count("fill: accepted", before + 1);
        std::vector<std::string> close{"connection", "close", id_of(slow)};
        if (abort) close.push_back("--abort");
        EXPECT_EQ(run(close).code, 0);
        std::string rest;
        EXPECT_NE(slow.ending(&rest), Ending::never);
        EXPECT_EQ(rest.size() == size, !abort) << rest.size();
    }
}

TEST_F(OperatedUnits, DrainWhoIsThereAndWelcomeNewOnes) {
    const auto port = daemon_.port("echo");
    Client first(port);
    Client bystander(daemon_.port("stays"));
    ASSERT_TRUE(first.echoes("hello"));
    ASSERT_EQ(bystander.receive_line(), "hello\n");
    EXPECT_EQ(run({"drain", "echo"}).output, "1 connection is asked to finish\n");
    EXPECT_EQ(first.ending(), Ending::orderly);
    EXPECT_TRUE(Client(port).echoes("new ones are welcome"));
    EXPECT_EQ(state("echo"), "serving");
    ASSERT_TRUE(bystander.send("soon alive\n"));
    EXPECT_EQ(bystander.receive_line(), "alive\n");
    const Finished nobody = run({"drain", "nobody"});
    EXPECT_EQ(nobody.code, 1);
    EXPECT_EQ(nobody.errors, "protohostctl: there is no unit \"nobody\"\n");
}

TEST_F(OperatedUnits, AbortAtTheEndOfADrainWhoDoesNotFinish) {
    Client keeps(daemon_.port("brief"));
    ASSERT_EQ(keeps.receive_line(), "hello\n");
    EXPECT_EQ(run({"drain", "brief"}).code, 0);
    EXPECT_NE(keeps.ending(), Ending::never);
    EXPECT_EQ(state("brief"), "serving");
}

TEST_F(OperatedUnits, StayStoppedUntilTheyAreStarted) {
    const auto port = daemon_.port("echo");
    EXPECT_EQ(run({"stop", "echo"}).code, 0);
    EXPECT_EQ(run({"stop", "echo"}).code, 0) << "it is already";
    EXPECT_EQ(state("echo"), "stopped");
    EXPECT_FALSE(Client(port));
    EXPECT_EQ(run({"reload"}).code, 0);
    EXPECT_EQ(state("echo"), "stopped");
    EXPECT_EQ(run({"start", "echo"}).code, 0);
    EXPECT_EQ(run({"start", "echo"}).code, 0) << "it is already";
    EXPECT_EQ(state("echo"), "serving");
    EXPECT_TRUE(Client(control_.port("echo")).echoes("again"));
    for (const char* const verb : {"start", "stop"}) {
        EXPECT_EQ(run({verb, "nobody"}).code, 1) << verb;
        EXPECT_EQ(run({verb}).code, 2) << verb;
    }
}

TEST_F(OperatedUnits, AreStoppedWhenTheLastConnectionIsGone) {
    Client keeps(daemon_.port("stays"));
    ASSERT_EQ(keeps.receive_line(), "hello\n");
    const auto stop = [this] { return run({"stop", "stays"}); };
    auto first = std::async(std::launch::async, stop);
    daemon_.log().wait_for("listener stays: draining 1 connection");
    // It is draining: whoever asks for the same waits too, and it cannot be started meanwhile.
    auto second = std::async(std::launch::async, stop);
    daemon_.log().wait_for_count(": stop", 2);
    const Finished start = run({"start", "stays"});
    EXPECT_EQ(start.code, 1);
    EXPECT_NE(start.errors.find("stays is still draining"), std::string::npos) << start.errors;
    ASSERT_TRUE(keeps.send("soon alive\n"));
    EXPECT_EQ(keeps.receive_line(), "alive\n");
    EXPECT_EQ(state("stays"), "draining");
    EXPECT_EQ(run({"--timeout", "0.05", "stop", "stays"}).code, 4);
    EXPECT_EQ(run({"connection", "close", id_of(keeps)}).code, 0);
    EXPECT_EQ(first.get().code, 0);
    EXPECT_EQ(second.get().code, 0);
    EXPECT_EQ(state("stays"), "stopped");
    EXPECT_EQ(run({"start", "stays"}).code, 0);
    EXPECT_EQ(Client(control_.port("stays")).receive_line(), "hello\n");
}

TEST(OperatedUnit, SaysWhyItCannotBeStarted) {
    const std::uint16_t port = free_port();
    Daemon daemon({.listeners = "  echo: {listen: \"tcp://127.0.0.1:" + std::to_string(port) +
                                "\", protocol: echo}\n"});
    const Control control(daemon);
    EXPECT_EQ(control.run({"stop", "echo"}).code, 0);
    Daemon other({.listeners = "  echo: {listen: \"tcp://127.0.0.1:" + std::to_string(port) +
                               "\", protocol: echo}\n"});
    const Finished refused = control.run({"start", "echo"});
    EXPECT_EQ(refused.code, 1);
    EXPECT_NE(refused.errors.find("listeners.echo.listen: cannot listen on tcp://127.0.0.1:" +
                                  std::to_string(port) + ": Address already in use ("),
              std::string::npos)
        << refused.errors;
    EXPECT_NE(refused.errors.find("echo cannot be opened"), std::string::npos) << refused.errors;
    EXPECT_EQ(control.show("echo")["state"], "stopped");
    EXPECT_EQ(other.stop(), 0);
    EXPECT_EQ(control.run({"start", "echo"}).code, 0);
    EXPECT_TRUE(Client(port).echoes("back"));
}

}  // namespace
}  // namespace protohost::harness

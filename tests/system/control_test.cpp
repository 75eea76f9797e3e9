// SPDX-License-Identifier: MIT
#include "tests/system/harness/control.hpp"

#include <csignal>
#include <filesystem>
#include <string>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "tests/system/harness/client.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/server.hpp"

namespace protohost::harness {
namespace {

using base::Json;

TEST(Protohostctl, ExitsAsItsTableSays) {
    DaemonSetup setup{.listeners = listener("echo", "echo")};
    Daemon daemon(setup);
    const Control control(daemon);
    EXPECT_EQ(control.run({"status"}).code, 0);
    EXPECT_EQ(control.run({"reload"}).code, 0);
    EXPECT_EQ(control.run({"show", "nobody"}).code, 1);
    EXPECT_EQ(control.run({"list", "nonsense"}).code, 2);
    EXPECT_EQ(control.run({}).code, 2);
    EXPECT_EQ(Control("/nonexistent/control.sock").run({"status"}).code, 5);

    setup.listeners = listener("echo", "nothing");
    daemon.rewrite(setup);
    EXPECT_EQ(control.run({"reload"}).code, 1);
    EXPECT_EQ(control.run({"diff"}).code, 1);

    setup.listeners = listener("echo", "echo");
    setup.state_directory = "/nonexistent/state";
    daemon.rewrite(setup);
    const Finished pending = control.run({"reload"});
    EXPECT_EQ(pending.code, 3);
    EXPECT_NE(pending.output.find("state.directory"), std::string::npos) << pending.output;
    const Finished status = control.run({"status"});
    EXPECT_NE(status.output.find("waits for a restart: state.directory"), std::string::npos)
        << status.output;
}

TEST(Protohostctl, TimesOutOnADaemonThatIsStopped) {
    Daemon daemon({.listeners = listener("echo", "echo")});
    daemon.signal(SIGSTOP);
    EXPECT_EQ(Control(daemon).run({"--timeout", "0.2", "status"}).code, 4);
    daemon.signal(SIGCONT);
    EXPECT_EQ(Control(daemon).run({"status"}).code, 0);
}

TEST(Protohostctl, ListsArePartsOfTheStatus) {
    Daemon daemon({.listeners = listener("echo", "echo") + listener("lab", "lab"),
                   .endpoints = "  names: {bind: \"udp://127.0.0.1:0\", protocol: udp-echo}\n"});
    const Control control(daemon);
    Client client(daemon.port("echo"));
    ASSERT_TRUE(client.echoes("hello"));
    const Json status = control.ask("status", {{"connections", true}});
    Json units = control.ask("list", {{"what", "listeners"}});
    for (const Json& unit : control.ask("list", {{"what", "endpoints"}})) units.push_back(unit);
    EXPECT_EQ(status["units"], units);
    EXPECT_EQ(units.size(), 3U);
    EXPECT_EQ(status["generations"], control.ask("list", {{"what", "generations"}}));
    EXPECT_EQ(status["connections"].size(), 2U);
    const Json connection = control.ask("list", {{"what", "connections"}})[0];
    EXPECT_EQ(connection["unit"], "echo");
    EXPECT_EQ(connection["bytes"], Json::parse(R"({"received": 5, "sent": 5})"));
    for (const char* const what :
         {"listeners", "endpoints", "connections", "plugins", "generations"}) {
        const Finished human = control.run({"list", what});
        EXPECT_EQ(human.code, 0) << what;
        EXPECT_NE(human.output.find('\n'), std::string::npos) << what;
    }
    const Finished shown = control.run({"show", "echo"});
    EXPECT_NE(shown.output.find(client.name()), std::string::npos) << shown.output;
    const Finished json = control.run({"--json", "status"});
    EXPECT_EQ(Json::parse(json.output)["daemon"]["pid"], daemon.pid());
}

TEST(Protohostctl, ShowsTheConfigurationWithItsOrigins) {
    Daemon daemon({.listeners = listener("echo", "echo", ", limits: {connections: 77}")});
    const Control control(daemon);
    const Finished shown = control.run({"config", "show", "--effective"});
    EXPECT_EQ(shown.code, 0);
    EXPECT_NE(shown.output.find("connections: 77"), std::string::npos) << shown.output;
    EXPECT_NE(shown.output.find("protohost.yaml:"), std::string::npos);
    EXPECT_NE(shown.output.find("default"), std::string::npos);
    const Json told = control.ask("configuration");
    EXPECT_EQ(told["values"]["listeners"]["echo"]["limits"]["connections"], 77);
    EXPECT_EQ(told["origins"]["log.format"], "default");
}

TEST(Protohostctl, PrintsTheSchemaWithTheOptionsOfThePlugins) {
    Daemon daemon({.listeners = listener("lab", "lab")});
    const Finished printed = Control(daemon).run({"schema"});
    EXPECT_EQ(printed.code, 0);
    const Json schema = Json::parse(printed.output);
    EXPECT_EQ(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    EXPECT_NE(printed.output.find("\"greeting\""), std::string::npos);
}

TEST(Protohostctl, ArgumentsOfAnotherTypeAreABadRequest) {
    Daemon daemon({.listeners = listener("echo", "echo")});
    const Control control(daemon);
    EXPECT_EQ(control.refused("status", {{"connections", "yes"}})["code"], "bad_request");
    EXPECT_EQ(control.refused("show", {{"unit", 7}})["code"], "bad_request");
    EXPECT_EQ(control.refused("close_connection", {{"id", "1"}, {"abort", 1}})["code"],
              "bad_request");
    EXPECT_EQ(control.refused("nonsense")["code"], "unknown_verb");
    EXPECT_EQ(control.run({"status"}).code, 0);
}

TEST(Protohostctl, ADifferenceNamesWhatWouldDrain) {
    Daemon daemon({.listeners = listener("echo", "echo") + listener("stays", "echo")});
    Client client(daemon.port("echo"));
    ASSERT_TRUE(client.echoes("hello"));
    daemon.rewrite({.listeners = listener("new", "echo") + listener("stays", "echo")});
    const Control control(daemon);
    const Finished told = control.run({"diff"});
    EXPECT_EQ(told.code, 0);
    EXPECT_NE(told.output.find("+ listeners.new"), std::string::npos) << told.output;
    EXPECT_NE(told.output.find("- listeners.echo: 1 connection drains"), std::string::npos)
        << told.output;
    EXPECT_TRUE(client.echoes("nothing has happened"));
    EXPECT_EQ(control.reloads("applied"), 1U);
}

TEST(Protohostctl, ADifferenceNamesOutgoingConnectionsToo) {
    Server here;
    here.listen();
    Server there;
    const auto to = [](const Server& server) {
        return "  out: {connect: \"" + server.address() + "\", protocol: echo}\n";
    };
    Daemon daemon({.endpoints = to(here)});
    const Client peer = here.accept();
    daemon.log().wait_for("connected to");
    daemon.rewrite({.endpoints = to(there)});
    const Finished told = Control(daemon).run({"diff"});
    EXPECT_NE(told.output.find("~ endpoints.out: moved: 1 connection drains"), std::string::npos)
        << told.output;
}

TEST(Protohostctl, OfOthersNoneKeepsOutWhoOwnsTheDaemon) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
    Daemon daemon({.listeners = listener("echo", "echo"), .control = ", read: [\"54321\"]"});
    // The kernel tells who somebody was when they connected.
    const auto connect = [&] {
        EXPECT_EQ(::seteuid(54321), 0);
        Client session(daemon.control_socket());
        EXPECT_EQ(::seteuid(0), 0);
        return session;
    };
    const auto answered = [&] {
        Client session = connect();
        EXPECT_TRUE(session.send(R"({"version": 1, "verb": "version"})"
                                 "\n"));
        EXPECT_NE(session.receive_line().find("result"), std::string::npos);
        return session;
    };
    std::vector<Client> sessions;
    for (int i = 0; i < 32; ++i) sessions.push_back(answered());
    EXPECT_EQ(Control(daemon).run({"--timeout", "10", "status"}).code, 0);
    // It is told so before it asks.
    Client turned_away = connect();
    EXPECT_NE(turned_away.receive_line().find("\"busy\""), std::string::npos);
    sessions.pop_back();
    // By the time of this answer the daemon has seen that end.
    EXPECT_EQ(Control(daemon).run({"status"}).code, 0);
    answered();
}

/// As somebody else, who is no group's member.
Finished run_as(const std::string& user, const Daemon& daemon, std::vector<std::string> arguments) {
    std::vector<std::string> command{"setpriv",
                                     "--reuid=" + user,
                                     "--clear-groups",
                                     control_program(),
                                     "--socket",
                                     daemon.control_socket()};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return run(command);
}

TEST(Protohostctl, FindsTheSocketAgainThatSomebodyRemoved) {
    Daemon daemon({.listeners = listener("echo", "echo")});
    const Control control(daemon);
    std::filesystem::remove(daemon.control_socket());
    EXPECT_EQ(control.run({"status"}).code, 5);
    daemon.signal(SIGHUP);
    daemon.log().wait_for("is made again");
    EXPECT_EQ(control.run({"status"}).code, 0);
}

TEST(Protohostctl, MayDoWhatTheConfigurationGivesItsUser) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
    DaemonSetup setup{.listeners = listener("echo", "echo")};
    Daemon daemon(setup);
    EXPECT_EQ(run_as("54321", daemon, {"status"}).code, 5) << "it may not even connect";
    setup.control = ", read: [\"54321\"], operate: [\"54322\"], administer: [\"54323\"]";
    daemon.rewrite(setup);
    const Control control(daemon);
    EXPECT_EQ(control.run({"reload"}).code, 0);
    const std::vector<std::string> looks{"status"};
    const std::vector<std::string> operates{"reload"};
    const std::vector<std::string> administers{"plugin", "rollback", "echo"};
    EXPECT_EQ(run_as("54320", daemon, looks).code, 6);
    EXPECT_EQ(run_as("54321", daemon, looks).code, 0);
    EXPECT_EQ(run_as("54321", daemon, operates).code, 6);
    EXPECT_EQ(run_as("54322", daemon, operates).code, 0);
    EXPECT_EQ(run_as("54322", daemon, administers).code, 6);
    EXPECT_EQ(run_as("54323", daemon, administers).code, 1) << "allowed, and nothing to go back to";
    EXPECT_EQ(daemon.log().count("uid 54321"), 1U) << "the refusal";
}

}  // namespace
}  // namespace protohost::harness

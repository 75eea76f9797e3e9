// SPDX-License-Identifier: MIT
// What the daemon's lines are about: the fields of real events.
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "daemon/base/log_events.hpp"
#include "tests/system/harness/certificate.hpp"
#include "tests/system/harness/client.hpp"
#include "tests/system/harness/control.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/server.hpp"

namespace protohost::harness {
namespace {

using Json = nlohmann::json;  // without an order
namespace events = base::events;

/// The first line with `text` in it, as an object without its time and level.
Json line_with(const Daemon& daemon, const std::string& text) {
    const std::string line = daemon.log().wait_for(text);
    Json object = line.empty() ? Json::object() : Json::parse(line);
    object.erase("time");
    object.erase("level");
    return object;
}

/// The first of that kind of event.
Json event(const Daemon& daemon, std::string_view id) {
    Json object = line_with(daemon, std::string(id));
    object.erase("message_id");
    return object;
}

DaemonSetup setup(const std::string& listeners) {
    return {.listeners = listeners, .log = "{format: json}"};
}

TEST(LogFields, OfADaemonsLife) {
    Daemon daemon(setup(listener("lab", "lab")));
    EXPECT_EQ(event(daemon, events::ready)["area"], "supervisor");
    const std::string port = std::to_string(daemon.port("lab"));
    EXPECT_EQ(
        event(daemon, events::listening),
        (Json{{"area", "unit"},
              {"unit", "lab"},
              {"plugin", "lab"},
              {"generation", 1},
              {"message",
               "listener lab: listening on tcp://127.0.0.1:" + port + " with protocol lab/lab"}}));
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_EQ(event(daemon, events::stopping)["message"], "SIGTERM: stopping");
    EXPECT_EQ(event(daemon, events::stopped)["message"], "stopped");
}

TEST(LogFields, OfWhatAPluginSays) {
    Daemon daemon(setup(listener("web", "lab")));
    Client client(daemon.port("web"));
    ASSERT_TRUE(client.send("say hello\n"));
    EXPECT_EQ(line_with(daemon, "hello"),
              (Json{{"area", "plugin.lab"},
                    {"unit", "web"},
                    {"plugin", "lab"},
                    {"generation", 1},
                    {"message", "listener web: hello"}}));
}

TEST(LogFields, OfAPluginThatFails) {
    Daemon daemon(
        setup(listener("sick", "faulty", ", options: {throw_in: data_received, standard: true}")));
    Client client(daemon.port("sick"));
    ASSERT_TRUE(client.send("hello"));
    const Json fault = event(daemon, events::plugin_fault);
    EXPECT_EQ(fault["unit"], "sick");
    EXPECT_EQ(fault["plugin"], "faulty");
    EXPECT_EQ(fault["generation"], 1);
    EXPECT_EQ(fault["connection"], client.name());
}

TEST(LogFields, OfReloadsAndOfWhoAskedForThem) {
    Daemon daemon(setup(listener("lab", "lab")));
    const Control control(daemon);
    DaemonSetup wrong = setup(listener("lab", "lab"));
    wrong.sections = "endpoints: nothing\n";
    daemon.rewrite(wrong);
    EXPECT_EQ(control.run({"reload"}).code, 1);
    EXPECT_EQ(event(daemon, events::reload_rejected)["area"], "supervisor");
    const Json error = line_with(daemon, "config_file");
    EXPECT_EQ(error["config_file"], daemon.configuration());
    EXPECT_EQ(error["config_line"], 6);
    EXPECT_EQ(event(daemon, events::control_action)["area"], "control");

    daemon.rewrite(setup(listener("lab", "lab", ", timeouts: {idle: 1h}")));
    control.reload();
    EXPECT_EQ(event(daemon, events::reload_applied)["area"], "supervisor");
    EXPECT_EQ(line_with(daemon, "reload 3: listeners.lab: ")["unit"], "lab");
    EXPECT_EQ(control.run({"drain", "lab"}).code, 0);
    EXPECT_EQ(line_with(daemon, ": drain\"")["unit"], "lab");
}

TEST(LogFields, OfEndpoints) {
    Server server;
    DaemonSetup outgoing = setup({});
    outgoing.endpoints = "  feed: {connect: \"" + server.address() +
                         "\", protocol: lab, reconnect: {initial: 10ms, max: 10ms}}\n";
    Daemon daemon(outgoing);
    EXPECT_EQ(event(daemon, events::endpoint_failed)["unit"], "feed");
    server.listen();
    Client peer = server.accept();
    const Json opened = event(daemon, events::endpoint_opened);
    EXPECT_EQ(opened["unit"], "feed");
    EXPECT_EQ(opened["plugin"], "lab");
    peer.reset();
    EXPECT_EQ(event(daemon, events::endpoint_lost)["unit"], "feed");
}

TEST(LogFields, OfSubprocesses) {
    DaemonSetup running = setup({});
    running.sections =
        "subprocesses:\n"
        "  job: {shell: 'echo said; exit 3', restart: never}\n"
        "  gone: {command: [/none/program], restart: never}\n";
    Daemon daemon(running);
    EXPECT_EQ(line_with(daemon, "\"said\""),
              (Json{{"area", "subprocess.job"}, {"unit", "job"}, {"message", "said"}}));
    EXPECT_EQ(event(daemon, events::process_ended)["unit"], "job");
    EXPECT_EQ(line_with(daemon, "subprocess job: not started again")["message_id"],
              events::process_failed);
    EXPECT_EQ(line_with(daemon, "/none/program")["unit"], "gone");
}

/// What must never be in a log, whatever goes wrong.
class Canary : public testing::Test {
protected:
    std::string text_of(const std::string& name) const {
        std::ifstream in(folder_.path() / name);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    const std::string canary_ = "canary-8d5b1f0c";
    const ScratchFolder folder_;
};

TEST_F(Canary, OfKeysAndEnvironmentsIsNotInTheLog) {
    make_certificate(folder_.path(), "one", "one.test");
    const std::string key = (folder_.path() / "one.key").string();
    const std::string whole = text_of("one.key");
    const std::string body = whole.substr(whole.find('\n') + 1, 40);
    ASSERT_EQ(body.size(), 40U);
    DaemonSetup secret = setup(
        listener("echo",
                 "echo",
                 ", tls: {certificates: [{certificate: " + (folder_.path() / "one.pem").string() +
                     ", key: " + key + "}]}"));
    secret.log = "{level: trace, format: json}";
    secret.sections =
        "subprocesses:\n  job: {command: [sleep, '1000'], environment: {A: " + canary_ + "}}\n";
    Daemon daemon(secret);
    const Control control(daemon);
    daemon.log().wait_for("subprocess job: started");
    // Broken keys, of which OpenSSL or whoever reads them might quote something.
    for (const std::string& broken : {canary_ + "\n",
                                      "-----BEGIN PRIVATE KEY-----\n" + canary_ + "\n",
                                      whole.substr(0, whole.size() / 2)}) {
        std::ofstream(key) << broken;
        EXPECT_EQ(control.run({"reload"}).code, 1);
    }
    std::ofstream(key) << whole;
    control.reload();
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_GE(daemon.log().count(std::string(events::reload_rejected)), 3U);
    EXPECT_EQ(daemon.log().count(canary_), 0U);
    EXPECT_EQ(daemon.log().count(body), 0U);
}

}  // namespace
}  // namespace protohost::harness

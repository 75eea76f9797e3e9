// SPDX-License-Identifier: MIT
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/system/harness/client.hpp"
#include "tests/system/harness/control.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/free_port.hpp"
#include "tests/system/harness/server.hpp"
#include "tests/system/harness/sockets.hpp"

namespace protohost::harness {
namespace {

using base::Json;

std::string greeting(std::string_view text) {
    return ", options: {greeting: " + std::string(text) + "}";
}

std::string text_of(const std::string& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// A daemon with a lab and a client inside, which no refused reload may touch.
class RefusedReload : public testing::Test {
protected:
    RefusedReload() : client_(daemon_.port("lab")) { EXPECT_EQ(client_.receive_line(), "first\n"); }

    /// Nothing was changed, and the reason is told; `says` is a part of it.
    void expect_refused(const std::string& says) {
        const std::string generation = control_.status()["configuration"]["generation"].dump();
        const Finished reload = control_.run({"reload"});
        EXPECT_EQ(reload.code, 1) << reload.output;
        EXPECT_NE(reload.errors.find(says), std::string::npos) << reload.errors;
        EXPECT_EQ(listening(daemon_.pid(), port_), sockets_);
        EXPECT_TRUE(client_.send("soon alive\n"));
        EXPECT_EQ(client_.receive_line(), "alive\n");
        EXPECT_EQ(Client(port_).receive_line(), current_ + "\n");
        const Json status = control_.status();
        EXPECT_EQ(status["configuration"]["generation"].dump(), generation);
        const Json& last = status["reloads"]["last"].front();
        EXPECT_EQ(last["verdict"], "rejected");
        EXPECT_NE(last["errors"].dump().find(says.substr(says.rfind(": ") + 1)), std::string::npos)
            << last["errors"].dump();
    }

    /// The next good one works, whatever was before.
    void expect_good(const std::string& text) {
        daemon_.rewrite({.listeners = listener("lab", "lab", greeting(text))});
        const Finished reload = control_.run({"reload"});
        EXPECT_EQ(reload.code, 0) << reload.errors;
        current_ = text;
        EXPECT_EQ(Client(port_).receive_line(), text + "\n");
        EXPECT_EQ(listening(daemon_.pid(), port_), sockets_);
    }

    Daemon daemon_{{.listeners = listener("lab", "lab", greeting("first"))}};
    const Control control_{daemon_};
    const std::uint16_t port_ = daemon_.port("lab");
    const std::vector<OpenSocket> sockets_ = listening(daemon_.pid(), port_);
    std::string current_ = "first";
    Client client_;
};

TEST_F(RefusedReload, FilesThatAreGoneOrEmpty) {
    std::filesystem::remove(daemon_.configuration());
    expect_refused("protohost.yaml: ");
    std::ofstream(daemon_.configuration()).close();
    expect_refused("protohost.yaml");
    expect_good("second");
}

TEST_F(RefusedReload, EverythingThatIsWrongIsToldAtOnce) {
    daemon_.rewrite({.listeners = listener("lab", "lab", ", optoins: {}") +
                                  listener("more", "echo", ", limits: {connections: many}")});
    expect_refused("listeners.lab.optoins: ");
    expect_refused("listeners.more.limits.connections: ");
    expect_good("second");
}

TEST_F(RefusedReload, PluginsAndOptionsThatAreNot) {
    daemon_.rewrite({.listeners = listener("lab", "lap", greeting("never"))});
    expect_refused("did you mean");
    daemon_.rewrite({.listeners = listener("lab", "lab/other", greeting("never"))});
    expect_refused("other");
    daemon_.rewrite({.listeners = listener("lab", "lab", ", options: {greting: never}")});
    expect_refused("listeners.lab.options");
    daemon_.rewrite({.endpoints = "  lab: {connect: \"tcp://127.0.0.1:1\", protocol: udp-echo}\n"});
    expect_refused("datagram");
    expect_good("second");
}

TEST_F(RefusedReload, AnAddressThatSomebodyElseHas) {
    Server other;
    other.listen();
    // Beside a change that could be made, and one that was made already: all or nothing.
    daemon_.rewrite(
        {.listeners = listener("another", "echo") + listener("lab", "lab", greeting("never")) +
                      "  taken: {listen: \"tcp://127.0.0.1:" + std::to_string(other.port()) +
                      "\", protocol: echo}\n"});
    expect_refused("listeners.taken.listen: ");
    EXPECT_EQ(control_.run({"show", "another"}).code, 1);
    expect_good("second");
}

/// What makes the configuration bad, and a part of what is said about it.
struct Refusal {
    const char* name;
    std::function<std::string(const std::string& good)> make;
    std::string says;
};

std::function<std::string(const std::string&)> whole(std::string text) {
    return [text = std::move(text)](const std::string&) { return text; };
}
std::function<std::string(const std::string&)> added(std::string text) {
    return [text = std::move(text)](const std::string& good) { return good + text; };
}
/// In the listener's definition.
std::function<std::string(const std::string&)> replaced(const std::string& what,
                                                        const std::string& by) {
    return [=](std::string good) {
        const auto at = good.find(what, good.find("listeners:"));
        EXPECT_NE(at, std::string::npos) << what;
        return good.replace(at, what.size(), by);
    };
}
std::function<std::string(const std::string&)> with_key(const std::string& key) {
    return replaced("options: {", key + ", options: {");
}

std::string alias_bomb() {
    std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 12; ++i) {
        const std::string alias = "*a" + std::to_string(i - 1);
        text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + alias;
        for (int j = 1; j < 9; ++j) text += ", " + alias;
        text += "]\n";
    }
    return text;
}

std::vector<Refusal> refusals(std::uint16_t own_port, std::uint16_t taken_port) {
    const auto address = [](std::uint16_t port) {
        return "'tcp://127.0.0.1:" + std::to_string(port) + "'";
    };
    const auto endpoints = [](const std::string& one) {
        return added("endpoints: {" + one + "}\n");
    };
    return {
        {"syntax", added("endpoints: {a: [\n"), "protohost.yaml:"},
        {"no mapping", whole("- a\n- b\n"), "protohost.yaml:1:1: "},
        {"not UTF-8", added("\xff\xfe: 1\n"), "protohost.yaml"},
        {"alias bomb", whole(alias_bomb()), "protohost.yaml:"},
        {"empty", whole(""), "protohost.yaml"},
        {"comments only", whole("# nothing\n"), "protohost.yaml"},
        {"unknown section", added("listners: {}\n"), "listners: "},
        {"unknown key", with_key("limmits: {}"), "listeners.lab.limmits: "},
        {"duplicate key", with_key("protocol: lab"), "listeners.lab"},
        {"port too large", replaced("127.0.0.1:0", "127.0.0.1:99999"), "listeners.lab.listen: "},
        {"no address", replaced("tcp://127.0.0.1:0", "127.0.0.1"), "listeners.lab.listen: "},
        {"not a duration", with_key("timeouts: {drain: soon}"), "listeners.lab.timeouts.drain: "},
        {"not a count",
         with_key("limits: {connections: many}"),
         "listeners.lab.limits.connections: "},
        {"marks cross",
         with_key("write_buffer: {high: 1KiB, low: 2KiB}"),
         "listeners.lab.write_buffer"},
        {"not a size",
         replaced("listeners:", "memory: {write_buffers: lots}\nlisteners:"),
         "memory.write_buffers: "},
        {"no protocol", replaced(" protocol: lab,", ""), "listeners.lab: "},
        {"no such plugin", replaced("protocol: lab", "protocol: labb"), "listeners.lab.protocol: "},
        {"no such factory",
         replaced("protocol: lab", "protocol: lab/other"),
         "listeners.lab.protocol: "},
        {"unknown option",
         replaced("options: {greeting", "options: {greting"),
         "listeners.lab.options.greting: "},
        {"option of another type",
         replaced("greeting: first", "greeting: [first]"),
         "listeners.lab.options.greeting: "},
        {"stream protocol for datagrams",
         endpoints("e: {bind: 'udp://127.0.0.1:0', protocol: lab}"),
         "endpoints.e.protocol: "},
        {"datagram protocol for a stream",
         endpoints("e: {connect: 'tcp://127.0.0.1:1', protocol: udp-echo}"),
         "endpoints.e.protocol: "},
        {"name twice",
         endpoints("lab: {connect: 'tcp://127.0.0.1:1', protocol: lab}"),
         "endpoints.lab: "},
        {"address twice",
         replaced("listeners:\n",
                  "listeners:\n  one: {listen: " + address(taken_port) +
                      ", protocol: lab}\n  two: {listen: " + address(taken_port) +
                      ", protocol: lab}\n"),
         "listeners.two.listen: "},
        {"address of another process",
         replaced("listeners:\n",
                  "listeners:\n  more: {listen: " + address(taken_port) + ", protocol: lab}\n"),
         "listeners.more.listen: "},
        {"address that it has itself",
         replaced("listeners:\n",
                  "listeners:\n  more: {listen: " + address(own_port) + ", protocol: lab}\n"),
         "listeners.more.listen: "},
        {"no folder for a socket",
         replaced("listeners:\n",
                  "listeners:\n  more: {listen: 'unix:///nowhere/at/all.sock', protocol: lab}\n"),
         "listeners.more.listen: "},
        {"subprocess without a command", added("subprocesses: {a: {}}\n"), "subprocesses.a: "},
        {"user that there is not",
         added("subprocesses: {a: {command: [sleep, '9'], user: nobody-at-all}}\n"),
         "subprocesses.a.user: "},
        {"no such account",
         replaced("listeners:",
                  "listeners:\n  more: {listen: 'unix:@a', protocol: lab, socket: {owner: "
                  "nobody-at-all}}"),
         "listeners.more."},
        {"list for a mapping", replaced("listeners:", "endpoints: []\nlisteners:"), "endpoints: "},
    };
}

TEST_F(RefusedReload, OfEveryClassChangesNothing) {
    Server other;
    other.listen();
    const std::string good = text_of(daemon_.configuration());
    const auto classes = refusals(port_, other.port());
    ASSERT_GE(classes.size(), 20U);
    for (const Refusal& refusal : classes) {
        SCOPED_TRACE(refusal.name);
        std::ofstream(daemon_.configuration()) << refusal.make(good);
        expect_refused(refusal.says);
    }
    EXPECT_EQ(control_.reloads("rejected"), classes.size());
    expect_good("second");
}

TEST_F(RefusedReload, AlternatesWithGoodOnes) {
    for (int i = 0; i < 20; ++i) {
        daemon_.rewrite({.listeners = listener("lab", "nothing")});
        expect_refused("nothing");
        expect_good("good" + std::to_string(i));
    }
    EXPECT_EQ(control_.reloads("rejected"), 20U);
}

}  // namespace
}  // namespace protohost::harness

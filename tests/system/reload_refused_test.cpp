// SPDX-License-Identifier: MIT
#include <csignal>
#include <filesystem>
#include <fstream>
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

// SPDX-License-Identifier: MIT
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "tests/system/harness/client.hpp"
#include "tests/system/harness/daemon.hpp"

namespace protohost::harness {
namespace {

DaemonSetup checked() {
    return {.listeners = listener("lab", "lab"), .arguments = {"--plugin-checks"}};
}

TEST(PluginChecks, NameWhatIsCalledOnTheWrongThreadAndDoNotDoIt) {
    const Daemon daemon(checked());
    Client client(daemon.port("lab"));
    client.send("astray never\n");
    EXPECT_EQ(client.receive_line(), "written astray\n");
    daemon.log().wait_for("listener lab: write was called on another thread than the loop's");
    client.send("shout\n");
    client.send("x");
    EXPECT_EQ(client.receive(1), "X") << "nothing else was written";
}

TEST(PluginChecks, NameWhatHoldsTheLoopWhileItDoesAndAfterwards) {
    const Daemon daemon(checked());
    Client client(daemon.port("lab"));
    const std::string file = (daemon.folder().path() / "let-go").string();
    client.send("hold " + file + "\n");
    const std::string held = ": plugin lab: data_received holds the loop for ";
    daemon.log().wait_for(held);
    EXPECT_TRUE(daemon.log().with(held).front().find("listener lab: ") != std::string::npos);
    std::ofstream(file).close();
    EXPECT_EQ(client.receive_line(), "held\n");
    daemon.log().wait_for(": plugin lab: data_received has held the loop for ");
}

TEST(PluginChecks, SayNothingOfWhoDoesNoWrong) {
    Daemon daemon(checked());
    Client client(daemon.port("lab"));
    for (const std::string command : {"info peername", "size", "lines", "soon x", "thread x"}) {
        client.send(command + "\n");
        EXPECT_FALSE(client.receive_line().empty());
    }
    client.close();
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_EQ(daemon.log().all().find("another thread"), std::string::npos);
}

}  // namespace
}  // namespace protohost::harness

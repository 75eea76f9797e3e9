// SPDX-License-Identifier: MIT
// An endpoint whose connection was open before the daemon was.
#include <fcntl.h>
#include <string>

#include <gtest/gtest.h>

#include "tests/system/harness/client.hpp"
#include "tests/system/harness/control.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/server.hpp"

namespace protohost::harness {
namespace {

/// Both ends of a connection; the next daemon has one of them.
struct HandedOver {
    HandedOver() {
        server.listen();
        theirs = Client(server.port());
        ours = server.accept();
        EXPECT_EQ(::fcntl(ours.descriptor(), F_SETFD, 0), 0);
        number = std::to_string(ours.descriptor());
    }

    Server server;
    Client theirs{base::Descriptor()};
    Client ours{base::Descriptor()};
    std::string number;

    std::string endpoint(const std::string& protocol = "echo", const std::string& more = {}) const {
        return "  given: {connect: \"fd:" + number + "\", protocol: " + protocol + more + "}\n";
    }
};

TEST(InheritedConnection, IsServedAndEndsWithTheDaemon) {
    HandedOver given;
    Daemon daemon({.endpoints = given.endpoint()});
    given.ours.close();
    EXPECT_TRUE(given.theirs.echoes("hello"));
    EXPECT_EQ(Control(daemon).ask("list", {{"what", "connections"}})[0]["peer"],
              given.theirs.name());
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_EQ(given.theirs.ending(), Ending::orderly);
}

TEST(InheritedConnection, EndsWithItsUnitAndIsNotThereAgain) {
    HandedOver given;
    const DaemonSetup without{.listeners = listener("echo", "echo")};
    DaemonSetup with = without;
    with.endpoints = given.endpoint();
    const Daemon daemon(with);
    given.ours.close();
    EXPECT_TRUE(given.theirs.echoes("hello"));
    daemon.rewrite(without);
    const Control control(daemon);
    control.reload();
    EXPECT_EQ(given.theirs.ending(), Ending::orderly);
    daemon.rewrite(with);
    control.reload();
    daemon.log().wait_for("endpoint given: not opened again");
    EXPECT_EQ(
        daemon.log().count("is no connected stream socket (one that has been used is used up"), 1U);
}

TEST(InheritedConnection, GoesOnWithTheProtocolOfAReload) {
    HandedOver given;
    const Daemon daemon({.endpoints = given.endpoint("lab", ", options: {greeting: one}")});
    given.ours.close();
    EXPECT_EQ(given.theirs.receive_line(), "one\n");
    daemon.rewrite({.endpoints = given.endpoint("lab", ", options: {greeting: two}")});
    Control(daemon).reload();
    EXPECT_EQ(given.theirs.receive_line(), "two\n");
    EXPECT_FALSE(given.theirs.readable_within(0));
}

TEST(InheritedConnection, ThatIsNoneEndsADaemonThatRequiresIt) {
    Server server;
    server.listen();
    server.let_inherit();
    const std::string number = std::to_string(server.descriptor());
    const ScratchFolder folder;
    const Finished finished =
        run({daemon_program(),
             "--config",
             write_configuration(folder,
                                 {.endpoints = "  given: {connect: \"fd:" + number +
                                               "\", protocol: echo, required: true}\n"})});
    EXPECT_EQ(finished.code, 1);
    EXPECT_NE(finished.errors.find("descriptor " + number + " is no connected stream socket"),
              std::string::npos)
        << finished.errors;
    EXPECT_TRUE(Client(server.port())) << "a socket that is not what it should be is left alone";
}

}  // namespace
}  // namespace protohost::harness

// SPDX-License-Identifier: MIT
// A daemon that root has started, and whom it becomes.
#include <fstream>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/system/harness/child.hpp"
#include "tests/system/harness/client.hpp"
#include "tests/system/harness/control.hpp"
#include "tests/system/harness/daemon.hpp"

namespace protohost::harness {
namespace {

/// Gives nobody the folder of the configuration, which is the last argument.
const std::vector<std::string> in_a_folder_of_nobody{
    "sh",
    "-c",
    R"(for file; do :; done; folder=$(dirname "$file"); chmod 755 "$folder"; chown nobody "$folder"
       chmod 644 "$file"; exec "$0" "$@")"};

DaemonSetup as_nobody(std::string listeners) {
    return {.listeners = std::move(listeners),
            .sections = "user: nobody\ngroup: nogroup\n",
            .wrapper = in_a_folder_of_nobody};
}

/// One line of /proc/PID/status, without its name.
std::string status_of(const std::string& folder, const std::string& name) {
    std::ifstream file(folder + "/status");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(name + ":\t")) return line.substr(name.size() + 2);
    }
    return {};
}

/// A port that only root may open, and that nobody has; 0: there is none.
int low_port() {
    for (int port = 1023; port > 600; --port) {
        const base::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        const auto* const at = reinterpret_cast<const sockaddr*>(&address);
        if (::bind(socket.get(), at, sizeof address) == 0) return port;
    }
    return 0;
}

class StartedByRoot : public testing::Test {
protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
        const Finished look = run({"setpriv",
                                   "--reuid=nobody",
                                   "--regid=nogroup",
                                   "--clear-groups",
                                   "test",
                                   "-r",
                                   daemon_program()});
        if (look.code != 0) GTEST_SKIP() << "nobody may not see " << daemon_program();
    }
};

TEST_F(StartedByRoot, BecomesTheUserWithOneRightLeft) {
    const int port = low_port();
    ASSERT_NE(port, 0);
    const std::string low = "tcp://127.0.0.1:" + std::to_string(port);
    Daemon daemon(as_nobody("  low: {listen: \"" + low + "\", protocol: echo}\n"));
    EXPECT_EQ(daemon.log().count("supervisor: runs as nobody"), 1U);
    EXPECT_TRUE(Client(static_cast<std::uint16_t>(port)).echoes("hello"));

    const std::string process = "/proc/" + std::to_string(daemon.pid());
    EXPECT_EQ(status_of(process, "Uid"), "65534\t65534\t65534\t65534");
    EXPECT_EQ(status_of(process, "Gid"), "65534\t65534\t65534\t65534");
    EXPECT_EQ(status_of(process, "CapEff"), "0000000000000400") << "CAP_NET_BIND_SERVICE";
    EXPECT_EQ(status_of(process, "CapPrm"), "0000000000000400");
    EXPECT_EQ(status_of(process, "CapInh"), "0000000000000000");
    struct stat state {};
    ASSERT_EQ(::stat(daemon.state_directory().c_str(), &state), 0);
    EXPECT_EQ(state.st_uid, 65534U);
    EXPECT_EQ(daemon.stop(), 0);
}

TEST_F(StartedByRoot, ReloadsAsTheUserNewPluginsAndLowPortsIncluded) {
    Daemon daemon(as_nobody(listener("echo", "echo")));
    const int port = low_port();
    ASSERT_NE(port, 0);
    daemon.rewrite(as_nobody(listener("echo", "echo") + "  low: {listen: \"tcp://127.0.0.1:" +
                             std::to_string(port) + "\", protocol: lab}\n"));
    const Finished reload = Control(daemon).run({"reload"});
    ASSERT_EQ(reload.code, 0) << reload.errors;
    Client client(static_cast<std::uint16_t>(port));
    client.send("lines\n");
    EXPECT_FALSE(client.receive_line().empty());
}

TEST_F(StartedByRoot, StartsNobodyElseOnceItHasGivenUpRoot) {
    const ScratchFolder folder;
    DaemonSetup setup = as_nobody(listener("echo", "echo"));
    setup.sections += "subprocesses: {daily: {command: [/bin/sleep, \"1000\"], user: daemon}}\n";
    setup.log = "{level: info}";
    const std::string file = write_configuration(folder, setup);
    ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
    const Finished done = run({daemon_program(), "--config", file});
    EXPECT_EQ(done.code, 1);
    EXPECT_NE(done.errors.find("subprocesses.daily.user: only root may start a process with "
                               "another user (daemon)"),
              std::string::npos)
        << done.errors;
}

TEST_F(StartedByRoot, WhomNobodyKnowsIsAnErrorOfTheConfiguration) {
    const ScratchFolder folder;
    DaemonSetup setup{.listeners = listener("echo", "echo"), .sections = "user: no-such-user\n"};
    const std::string file = write_configuration(folder, setup);
    const Finished done = run({daemon_program(), "--config", file});
    EXPECT_EQ(done.code, 78);
    EXPECT_NE(done.errors.find(": user: there is no user \"no-such-user\""), std::string::npos)
        << done.errors;
}

TEST_F(StartedByRoot, WithoutAUserWarnsOnceAndServes) {
    Daemon daemon({.listeners = listener("echo", "echo")});
    EXPECT_EQ(Control(daemon).run({"reload"}).code, 0);
    EXPECT_EQ(daemon.log().count("runs as root"), 1U);
    EXPECT_TRUE(Client(daemon.port("echo")).echoes("hello"));
}

TEST_F(StartedByRoot, AsTheUserRootSaysThatItIsMeantSo) {
    Daemon daemon({.listeners = listener("echo", "echo"), .sections = "user: root\n"});
    EXPECT_EQ(daemon.log().count("WARN"), 0U);
    EXPECT_EQ(daemon.log().count("supervisor: runs as root"), 1U);
}

TEST_F(StartedByRoot, AnotherUserAtAReloadWaitsForTheNextStart) {
    Daemon daemon({.listeners = listener("echo", "echo"), .sections = "user: root\n"});
    daemon.rewrite({.listeners = listener("echo", "echo"), .sections = "user: nobody\n"});
    EXPECT_EQ(Control(daemon).run({"reload"}).code, 3);
    // The answer and the log come different ways.
    const std::string_view line = "user has changed, and takes effect at the next start";
    daemon.log().wait_for(line);
    EXPECT_EQ(daemon.log().count(line), 1U);
    EXPECT_EQ(status_of("/proc/" + std::to_string(daemon.pid()), "Uid"), "0\t0\t0\t0");
}

}  // namespace
}  // namespace protohost::harness

// SPDX-License-Identifier: MIT
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/peers.hpp"

namespace protohost::harness {
namespace {

/// Clients that nobody here wrote, of an echo on UDP and on a UNIX socket.
class ForeignDatagrams : public testing::Test {
protected:
    std::string port() const { return std::to_string(daemon_.port("udp")); }
    std::string own_path() const { return folder_.path() / "own.sock"; }

    ScratchFolder folder_;
    const std::string path_ = folder_.path() / "echo.sock";
    Daemon daemon_{{.endpoints = "  udp: {bind: \"udp://127.0.0.1:0\", protocol: udp-echo-server}\n"
                                 "  local: {bind: \"unixgram://" +
                                 path_ + "\", protocol: udp-echo-server}\n"}};
};

TEST_F(ForeignDatagrams, SocatIsAnswered) {
    expect_answer({"socat", "-", "UDP:127.0.0.1:" + port()}, "over UDP\n", "over UDP");
    expect_answer({"socat", "-", "UNIX-SENDTO:" + path_ + ",bind=" + own_path()},
                  "between UNIX sockets\n",
                  "between UNIX sockets");
}

TEST_F(ForeignDatagrams, NcatIsAnswered) {
    expect_answer({"ncat", "--udp", "127.0.0.1", port()}, "over UDP\n", "over UDP");
    expect_answer({"ncat", "--unixsock", "--udp", path_, "--source", own_path()},
                  "between UNIX sockets\n",
                  "between UNIX sockets");
}

TEST_F(ForeignDatagrams, AsyncioGetsItsDatagramsBackInOrder) {
    EXPECT_EQ(output_of(python("datagrams.py", {port()})), "2003 in order\n");
    EXPECT_EQ(output_of(python("datagrams.py", {path_, own_path()})), "2003 in order\n");
}

/// dig, against a plugin that speaks DNS.
class ForeignDns : public testing::Test {
protected:
    std::string dig(const std::vector<std::string>& questions) const {
        std::vector<std::string> command = {"dig", "-r", "@127.0.0.1", "-p"};
        command.push_back(std::to_string(daemon_.port("dns")));
        command.insert(command.end(), {"+noall", "+comments", "+answer"});
        command.insert(command.end(), questions.begin(), questions.end());
        return output_of(command);
    }
    static bool contains(const std::string& text, const std::string& part) {
        return text.find(part) != std::string::npos;
    }

    ScratchFolder folder_;
    Daemon daemon_{{.endpoints = "  dns: {bind: \"udp://127.0.0.1:0\", protocol: tiny_dns}\n"}};
};

TEST_F(ForeignDns, DigFindsARecord) {
    const std::string answer = dig({"Tiny.test", "A"});
    EXPECT_TRUE(contains(answer, "status: NOERROR")) << answer;
    EXPECT_TRUE(contains(answer, "60\tIN\tA\t192.0.2.7")) << answer;
    EXPECT_FALSE(contains(answer, "WARNING: recursion requested but not available") &&
                 contains(answer, "malformed"))
        << answer;
    EXPECT_TRUE(contains(dig({"tiny.test", "TXT", "+short"}), "\"spoken by a plugin\""));
}

TEST_F(ForeignDns, DigIsToldWhatIsNotThere) {
    const std::string answer = dig({"another.test", "A"});
    EXPECT_TRUE(contains(answer, "status: NXDOMAIN")) << answer;
    EXPECT_TRUE(contains(dig({"tiny.test", "AAAA"}), "ANSWER: 0"));
}

TEST_F(ForeignDns, DigAsksMuch) {
    std::string questions;
    for (int i = 0; i < 500; ++i) questions += "tiny.test A\n";
    const std::string file = folder_.write("questions", questions);
    const std::string answers = dig({"-f", file, "+short"});
    std::string expected;
    for (int i = 0; i < 500; ++i) expected += "192.0.2.7\n";
    EXPECT_EQ(answers, expected);
}

}  // namespace
}  // namespace protohost::harness

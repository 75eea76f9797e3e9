// SPDX-License-Identifier: MIT
#include <csignal>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/system/harness/child.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/peers.hpp"

namespace protohost::harness {
namespace {

/// Servers that nobody here wrote, to which the daemon connects as a client that echoes.
class ForeignServer : public testing::Test {
protected:
    static DaemonSetup echo_to(const std::string& address) {
        return {.endpoints =
                    "  out: {connect: \"" + address + "\", protocol: echo, reconnect: never}\n"};
    }
    /// What follows `word` in a line that the server says when it is ready.
    static std::string said(const LogLines& server, const std::string& word) {
        const std::string line = server.wait_for(word);
        const std::size_t at = line.find(word);
        return at == std::string::npos ? std::string() : line.substr(at + word.size());
    }

    ScratchFolder folder_;
    const std::string path_ = folder_.path() / "server.sock";
};

TEST_F(ForeignServer, AsyncioServesTheDaemonOverTcp) {
    Child server(python("server.py", {}));
    const LogLines output(server.take_output());
    const Daemon daemon(echo_to("tcp://127.0.0.1:" + said(output, "port ")));
    EXPECT_EQ(server.wait(), 0);
    output.wait_for("all of it came back");
    daemon.log().wait_for("endpoint out: not opened again: reconnect is never");
}

TEST_F(ForeignServer, AsyncioServesTheDaemonOverAUnixSocket) {
    Child server(python("server.py", {path_}));
    const LogLines output(server.take_output());
    EXPECT_EQ(said(output, "path "), path_);
    const Daemon daemon(echo_to("unix://" + path_));
    EXPECT_EQ(server.wait(), 0);
    output.wait_for("all of it came back");
}

TEST_F(ForeignServer, SocatServesTheDaemonOverTcp) {
    Child server({"socat", "-d", "-d", "TCP-LISTEN:0,bind=127.0.0.1", "-"});
    const base::Descriptor input = server.take_input();
    const LogLines output(server.take_output());
    const LogLines progress(server.take_errors());
    const Daemon daemon(
        echo_to("tcp://127.0.0.1:" + said(progress, "listening on AF=2 127.0.0.1:")));
    ASSERT_EQ(::write(input.get(), "called back\n", 12), 12);
    output.wait_for("called back");
    server.signal(SIGTERM);
    server.wait();
}

TEST_F(ForeignServer, NcatServesTheDaemonOverAUnixSocket) {
    Child server({"ncat", "-v", "--listen", "--unixsock", path_});
    const base::Descriptor input = server.take_input();
    const LogLines output(server.take_output());
    const LogLines progress(server.take_errors());
    progress.wait_for("Listening on");
    const Daemon daemon(echo_to("unix://" + path_));
    ASSERT_EQ(::write(input.get(), "called back\n", 12), 12);
    output.wait_for("called back");
    server.signal(SIGTERM);
    server.wait();
}

}  // namespace
}  // namespace protohost::harness

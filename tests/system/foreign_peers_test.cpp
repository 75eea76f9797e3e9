// SPDX-License-Identifier: MIT
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/peers.hpp"

namespace protohost::harness {
namespace {

/// Clients that nobody here wrote, of an echo on TCP and on a UNIX socket.
class ForeignPeer : public testing::Test {
protected:
    std::string port() const { return std::to_string(daemon_.port("echo")); }

    ScratchFolder folder_;
    const std::string path_ = folder_.path() / "echo.sock";
    Daemon daemon_{{.listeners = "  echo: {listen: [\"tcp://127.0.0.1:0\", \"unix://" + path_ +
                                 "\"], protocol: echo}\n"}};
};

TEST_F(ForeignPeer, NetcatGetsItsLineBack) {
    EXPECT_EQ(output_of({"nc", "-N", "127.0.0.1", port()}, "hello\n"), "hello\n");
    EXPECT_EQ(output_of({"nc", "-N", "-U", path_}, "hello\n"), "hello\n");
}

TEST_F(ForeignPeer, NcatGetsItsLineBack) {
    EXPECT_EQ(output_of({"ncat", "127.0.0.1", port()}, "hello\n"), "hello\n");
    EXPECT_EQ(output_of({"ncat", "--unixsock", path_}, "hello\n"), "hello\n");
}

TEST_F(ForeignPeer, SocatGetsAllOfItBack) {
    const std::string text(50'000, 's');
    EXPECT_EQ(output_of({"socat", "-t60", "-", "TCP:127.0.0.1:" + port()}, text), text);
    EXPECT_EQ(output_of({"socat", "-t60", "-", "UNIX-CONNECT:" + path_}, text), text);
}

TEST_F(ForeignPeer, AsyncioStreamsTalkInBothDirectionsAtOnce) {
    EXPECT_EQ(output_of(python("streams.py", {port()})), "50 of 50\n");
    EXPECT_EQ(output_of(python("streams.py", {path_})), "50 of 50\n");
}

TEST_F(ForeignPeer, PythonSocketHalfClosesAndReadsTheRest) {
    EXPECT_EQ(output_of(python("half_close.py", {port()})), "all of it\n");
}

/// curl, against a plugin that speaks HTTP.
class ForeignHttp : public testing::Test {
protected:
    static std::string curl(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {"curl", "--disable", "--silent", "--show-error"});
        arguments.insert(arguments.end(), {"--noproxy", "*"});
        return output_of(arguments);
    }
    std::string url(const std::string& path) const {
        return "http://127.0.0.1:" + std::to_string(daemon_.port("http")) + path;
    }

    ScratchFolder folder_;
    const std::string path_ = folder_.path() / "http.sock";
    Daemon daemon_{{.listeners = "  http: {listen: [\"tcp://127.0.0.1:0\", \"unix://" + path_ +
                                 "\"], protocol: tiny_http}\n"}};
};

TEST_F(ForeignHttp, CurlGetsAPage) {
    EXPECT_EQ(curl({url("/some/page")}), "/some/page\n");
    EXPECT_EQ(curl({"--unix-socket", path_, "http://localhost/another"}), "/another\n");
}

TEST_F(ForeignHttp, CurlKeepsItsConnection) {
    std::string expected;
    for (int page = 1; page <= 300; ++page) expected += "/" + std::to_string(page) + "\n";
    EXPECT_EQ(curl({url("/[1-300]"), "--write-out", "%{stderr}%{num_connects}"}), expected);
    EXPECT_EQ(daemon_.stop(), 0);
    EXPECT_EQ(daemon_.log().count("failed"), 0U);
}

TEST_F(ForeignHttp, CurlGetsBackAllThatItSends) {
    std::string body;
    while (body.size() < 5'000'000) body += std::to_string(body.size()) + ' ';
    const std::string file = folder_.write("body", body);
    EXPECT_TRUE(curl({"--data-binary", "@" + file, url("/")}) == body);
}

}  // namespace
}  // namespace protohost::harness

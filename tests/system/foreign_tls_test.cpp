// SPDX-License-Identifier: MIT
#include <csignal>
#include <string>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "tests/system/harness/child.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/free_port.hpp"
#include "tests/system/harness/log_lines.hpp"
#include "tests/system/harness/peers.hpp"

namespace protohost::harness {
namespace {

/// TLS with those that nobody here wrote.
class ForeignTls : public testing::Test {
protected:
    ForeignTls() {
        output_of({"openssl",
                   "req",
                   "-x509",
                   "-newkey",
                   "ec",
                   "-pkeyopt",
                   "ec_paramgen_curve:P-256",
                   "-nodes",
                   "-days",
                   "2",
                   "-subj",
                   "/CN=server.test",
                   "-addext",
                   "subjectAltName=DNS:server.test,IP:127.0.0.1",
                   "-keyout",
                   key_,
                   "-out",
                   certificate_});
    }
    /// A listener that speaks TLS; `more` is the rest of its `tls`.
    std::string secured(const std::string& name,
                        const std::string& protocol,
                        const std::string& more = {}) const {
        return listener(name,
                        protocol,
                        ", tls: {certificates: [{certificate: " + certificate_ + ", key: " + key_ +
                            "}]" + more + "}");
    }
    std::vector<std::string> s_client(const Daemon& daemon, std::vector<std::string> more) const {
        std::vector<std::string> command{"openssl",
                                         "s_client",
                                         "-connect",
                                         "127.0.0.1:" + std::to_string(daemon.port("echo")),
                                         "-CAfile",
                                         certificate_,
                                         "-verify_return_error",
                                         "-verify_hostname",
                                         "server.test",
                                         "-servername",
                                         "server.test"};
        command.insert(command.end(), more.begin(), more.end());
        return command;
    }

    ScratchFolder folder_;
    const std::string certificate_ = folder_.path() / "server.pem";
    const std::string key_ = folder_.path() / "server.key";
};

TEST_F(ForeignTls, SClientGetsItsLineBackInBothVersions) {
    const Daemon daemon{{.listeners = secured("echo", "echo")}};
    for (const char* version : {"-tls1_2", "-tls1_3"}) {
        expect_answer(s_client(daemon, {"-quiet", version}), "hello\n", "hello");
    }
}

TEST_F(ForeignTls, SClientUpdatesItsKeys) {
    const Daemon daemon{{.listeners = secured("echo", "echo")}};
    Child client(s_client(daemon, {"-tls1_3"}));
    const base::Descriptor to = client.take_input();
    const LogLines said(client.take_errors());
    const LogLines answers(client.take_output());
    // A command for s_client itself where a read begins with it, so each is a read of its own.
    ASSERT_EQ(::write(to.get(), "K\n", 2), 2);
    said.wait_for("KEYUPDATE");
    ASSERT_EQ(::write(to.get(), "hello\n", 6), 6);
    answers.wait_for("hello");
    client.signal(SIGTERM);
    client.wait();
}

TEST_F(ForeignTls, PythonSeesWhatWasAgreedOn) {
    const Daemon daemon{{.listeners = secured("echo", "echo", ", alpn: [echo]")}};
    const std::string port = std::to_string(daemon.port("echo"));
    EXPECT_EQ(output_of(python("tls_client.py", {port, certificate_, "TLSv1_2"})),
              "TLSv1.2 echo resumed\nall of it, then the end\n");
    EXPECT_EQ(output_of(python("tls_client.py", {port, certificate_, "TLSv1_3"})),
              "TLSv1.3 echo resumed\nall of it, then the end\n");
}

TEST_F(ForeignTls, PythonIsRefusedWithAnOldVersion) {
    const Daemon daemon{{.listeners = secured("echo", "echo", ", minimum_version: \"1.3\"")}};
    EXPECT_EQ(output_of(python("tls_client.py",
                               {std::to_string(daemon.port("echo")), certificate_, "TLSv1_2"})),
              "tlsv1 alert protocol version\n");
}

TEST_F(ForeignTls, CurlGetsPagesAndSendsThem) {
    Daemon daemon{{.listeners = secured("http", "tiny_http")}};
    const std::string port = std::to_string(daemon.port("http"));
    const auto curl = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(),
                         {"curl",
                          "--disable",
                          "--silent",
                          "--show-error",
                          "--cacert",
                          certificate_,
                          "--noproxy",
                          "*",
                          "--resolve",
                          "server.test:" + port + ":127.0.0.1"});
        return output_of(arguments);
    };
    const std::string url = "https://server.test:" + port;
    EXPECT_EQ(curl({url + "/some/page"}), "/some/page\n");
    EXPECT_EQ(curl({url + "/another", "--tls-max", "1.2"}), "/another\n");
    std::string expected;
    for (int page = 1; page <= 300; ++page) expected += "/" + std::to_string(page) + "\n";
    EXPECT_EQ(curl({url + "/[1-300]"}), expected);
    std::string body;
    while (body.size() < 5'000'000) body += std::to_string(body.size()) + ' ';
    EXPECT_TRUE(curl({"--data-binary", "@" + folder_.write("body", body), url}) == body);
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_EQ(daemon.log().count("failed"), 0U);
}

TEST_F(ForeignTls, AnEndpointSpeaksToSServer) {
    for (const char* version : {"-tls1_2", "-tls1_3"}) {
        const std::string at = "127.0.0.1:" + std::to_string(free_port());
        const Daemon daemon{
            {.endpoints = "  echo: {connect: \"tcp://" + at +
                          "\", protocol: echo, reconnect: {initial: 10ms, max: 50ms}, "
                          "tls: {server_name: server.test, ca: " +
                          certificate_ + "}}\n"}};
        expect_answer({"openssl",
                       "s_server",
                       "-accept",
                       at,
                       "-cert",
                       certificate_,
                       "-key",
                       key_,
                       "-quiet",
                       version},
                      "hello\n",
                      "hello");
    }
}

}  // namespace
}  // namespace protohost::harness

// SPDX-License-Identifier: MIT
#include <csignal>
#include <map>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "tests/system/harness/certificate.hpp"
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
    ForeignTls() { make_certificate(folder_.path(), "server", "server.test", 2); }
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

// The flight of the handshake, its end with the tickets, a greeting; an answer, and close_notify
// together with the end of the stream.
TEST_F(ForeignTls, WhatBelongsTogetherIsOneSegment) {
    const Daemon daemon{{.listeners = secured("smtp", "tiny_smtp")}};
    const std::string port = std::to_string(daemon.port("smtp"));
    for (const char* version : {"TLSv1_2", "TLSv1_3"}) {
        EXPECT_EQ(output_of(python("tls_segments.py", {port, certificate_, version})),
                  "3 to begin, 2 to end\n")
            << version;
    }
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

/// What stands in quotation marks behind `key` in an element of XML.
std::string attribute(const std::string& element, const std::string& key) {
    const std::size_t at = element.find(' ' + key + "=\"");
    if (at == std::string::npos) return {};
    const std::size_t begin = at + key.size() + 3;
    return element.substr(begin, element.find('"', begin) - begin);
}

/// The elements `name` of a document that has one to a line.
std::vector<std::string> elements(const std::string& document, const std::string& name) {
    std::vector<std::string> found;
    std::istringstream lines(document);
    for (std::string line; std::getline(lines, line);) {
        if (line.find('<' + name + ' ') != std::string::npos) found.push_back(line);
    }
    return found;
}

TEST_F(ForeignTls, SslscanFindsNothingWeak) {
    const Daemon daemon{{.listeners = secured("echo", "echo")}};
    const std::string found = output_of({"sslscan",
                                         "--no-colour",
                                         "--xml=-",
                                         "--sni-name=server.test",
                                         "127.0.0.1:" + std::to_string(daemon.port("echo"))});
    std::map<std::string, std::string> enabled;
    for (const std::string& protocol : elements(found, "protocol")) {
        enabled[attribute(protocol, "type") + attribute(protocol, "version")] =
            attribute(protocol, "enabled");
    }
    const std::map<std::string, std::string> expected{{"ssl2", "0"},
                                                      {"ssl3", "0"},
                                                      {"tls1.0", "0"},
                                                      {"tls1.1", "0"},
                                                      {"tls1.2", "1"},
                                                      {"tls1.3", "1"}};
    EXPECT_EQ(enabled, expected) << found;
    std::map<std::string, unsigned> ciphers;
    for (const std::string& cipher : elements(found, "cipher")) {
        ++ciphers[attribute(cipher, "sslversion")];
        const std::string name = attribute(cipher, "cipher");
        EXPECT_TRUE(name.starts_with("TLS_") || name.starts_with("ECDHE-ECDSA-")) << cipher;
        EXPECT_TRUE(name.find("GCM") != std::string::npos ||
                    name.find("CHACHA20") != std::string::npos)
            << cipher;
        EXPECT_GE(std::stoul("0" + attribute(cipher, "bits")), 128U) << cipher;
    }
    EXPECT_EQ(ciphers.size(), 2U) << found;
    EXPECT_GE(ciphers["TLSv1.2"], 2U) << found;
    EXPECT_GE(ciphers["TLSv1.3"], 3U) << found;
    const auto renegotiation = elements(found, "renegotiation");
    ASSERT_EQ(renegotiation.size(), 1U) << found;
    EXPECT_EQ(attribute(renegotiation[0], "supported"), "0");
    // Not said where the OpenSSL of sslscan itself has no compression.
    for (const std::string& compression : elements(found, "compression")) {
        EXPECT_EQ(attribute(compression, "supported"), "0");
    }
    const auto bled = elements(found, "heartbleed");
    EXPECT_EQ(bled.size(), 2U) << found;
    for (const std::string& version : bled) EXPECT_EQ(attribute(version, "vulnerable"), "0");
    EXPECT_NE(found.find("<subject><![CDATA[server.test]]></subject>"), std::string::npos) << found;
    EXPECT_NE(found.find("<expired>false</expired>"), std::string::npos) << found;
}

TEST_F(ForeignTls, SClientCannotRenegotiate) {
    const Daemon daemon{{.listeners = secured("echo", "echo")}};
    Child client(s_client(daemon, {"-tls1_2"}));
    const base::Descriptor to = client.take_input();
    const LogLines said(client.take_errors());
    ASSERT_EQ(::write(to.get(), "R\n", 2), 2);
    said.wait_for("RENEGOTIATING");
    said.wait_for("no renegotiation");
    client.wait();
    expect_answer(s_client(daemon, {"-quiet", "-tls1_2"}), "hello\n", "hello");
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

TEST_F(ForeignTls, AnEndpointResumesItsSessionWithSServer) {
    for (const char* version : {"-tls1_2", "-tls1_3"}) {
        const std::string at = "127.0.0.1:" + std::to_string(free_port());
        Child server(
            {"openssl", "s_server", "-accept", at, "-cert", certificate_, "-key", key_, version});
        const base::Descriptor to = server.take_input();
        const LogLines said(server.take_output());
        const Daemon daemon{
            {.endpoints = "  echo: {connect: \"tcp://" + at +
                          "\", protocol: echo, reconnect: {initial: 10ms, max: 50ms}, "
                          "tls: {server_name: server.test, ca: " +
                          certificate_ + "}}\n"}};
        for (std::size_t resumed = 0; resumed < 4; ++resumed) {
            said.wait_for_count("Secure Renegotiation IS", resumed + 1);
            EXPECT_EQ(said.count("Reused session-id"), resumed) << version;
            // Ends the connection, and waits for the next.
            ASSERT_EQ(::write(to.get(), "q\n", 2), 2);
        }
        server.signal(SIGTERM);
        server.wait();
    }
}

}  // namespace
}  // namespace protohost::harness

// SPDX-License-Identifier: MIT
#include <filesystem>
#include <future>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/system/harness/certificate.hpp"
#include "tests/system/harness/client.hpp"
#include "tests/system/harness/control.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/peers.hpp"
#include "tests/system/harness/server.hpp"

// The daemon with certificates that openssl has made, and clients that nobody here wrote.

namespace protohost::harness {
namespace {

using base::Json;

/// A certificate for `name`, which openssl signs for itself.
class Certificates {
public:
    /// NAME.pem and NAME.key; what was there is replaced.
    void make(const std::string& name, int days = 30) const {
        make_certificate(folder_.path(), name, name, days);
    }
    std::string path(const std::string& file) const { return folder_.path() / file; }
    /// As `certificates:` wants them.
    std::string list(const std::vector<std::string>& names) const {
        std::string all;
        for (const std::string& name : names) {
            all += (all.empty() ? "{certificate: " : ", {certificate: ") + path(name + ".pem") +
                   ", key: " + path(name + ".key") + "}";
        }
        return "[" + all + "]";
    }

private:
    ScratchFolder folder_;
};

std::string text_between(const std::string& text, const std::string& before) {
    const std::size_t at = text.find(before);
    if (at == std::string::npos) return "not there";
    return text.substr(at + before.size(), text.find('\n', at) - at - before.size());
}

class TlsDaemon : public testing::Test {
protected:
    TlsDaemon() {
        certificates_.make("one.test");
        certificates_.make("two.test");
    }
    DaemonSetup setup(const std::string& more = {}) const {
        return {.listeners = listener(
                    "echo",
                    "echo",
                    ", tls: {certificates: " + certificates_.list({"one.test", "two.test"}) + more +
                        "}")};
    }
    /// What s_client says of a connection that it ends at once.
    static std::string s_client(const Daemon& daemon, std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(),
                         {"openssl",
                          "s_client",
                          "-connect",
                          "127.0.0.1:" + std::to_string(daemon.port("echo"))});
        return output_of(arguments);
    }

    Certificates certificates_;
};

TEST_F(TlsDaemon, ShowsTheCertificateOfTheName) {
    const Daemon daemon(setup());
    for (const std::string name : {"one.test", "two.test"}) {
        const std::string said =
            s_client(daemon, {"-servername", name, "-CAfile", certificates_.path(name + ".pem")});
        EXPECT_EQ(text_between(said, "subject="), "CN = " + name);
        EXPECT_EQ(text_between(said, "Verify return code: "), "0 (ok)");
        EXPECT_NE(said.find("TLSv1.3"), std::string::npos);
    }
    EXPECT_EQ(text_between(s_client(daemon, {"-noservername"}), "subject="), "CN = one.test");
}

TEST_F(TlsDaemon, EchoesOverBothVersions) {
    const Daemon daemon(setup());
    const std::string at = "127.0.0.1:" + std::to_string(daemon.port("echo"));
    for (const std::string version : {"-tls1_2", "-tls1_3"}) {
        expect_answer(
            {"openssl", "s_client", "-quiet", version, "-connect", at}, "hello\n", "hello");
    }
}

TEST_F(TlsDaemon, AnAnswerThatEndsWithItsTargetIsCompleteInBothVersions) {
    Server target;
    target.listen();
    const Daemon daemon({.listeners = listener("echo",
                                               "forward",
                                               ", options: {to: \"" + target.address() +
                                                   "\"}, tls: {certificates: " +
                                                   certificates_.list({"one.test"}) + "}")});
    for (const std::string version : {"-tls1_2", "-tls1_3"}) {
        const auto answered = std::async(std::launch::async, [&] {
            Client connection = target.accept();
            connection.send("all of it\n");
            connection.shut_down_writing();
            return connection.ending();
        });
        EXPECT_EQ(s_client(daemon, {"-quiet", version}), "all of it\n");
    }
}

TEST_F(TlsDaemon, ShowsNewFilesWithoutAReload) {
    const Daemon daemon(setup());
    const Control control(daemon);
    const auto shown = [&] { return control.ask("list", {{"what", "certificates"}}).at(0); };
    const Json before = shown();
    EXPECT_EQ(before.at("names"), Json({"one.test", "127.0.0.1"}));
    EXPECT_EQ(before.at("days_left"), 29);
    EXPECT_EQ(before.at("generation"), 1);
    certificates_.make("one.test", 60);
    daemon.log().wait_for("new certificate " + certificates_.path("one.test.pem"));
    const Json after = shown();
    EXPECT_EQ(after.at("days_left"), 59);
    EXPECT_NE(after.at("sha256"), before.at("sha256"));
    const std::string said = s_client(
        daemon, {"-servername", "one.test", "-CAfile", certificates_.path("one.test.pem")});
    EXPECT_EQ(text_between(said, "Verify return code: "), "0 (ok)");
    EXPECT_EQ(control.reloads("applied"), 1U);
}

TEST_F(TlsDaemon, ListsCertificatesForPeople) {
    const Daemon daemon(setup());
    const Finished listed = Control(daemon).run({"list", "certificates"});
    EXPECT_EQ(listed.code, 0);
    EXPECT_NE(listed.output.find("DAYS LEFT"), std::string::npos) << listed.output;
    EXPECT_NE(listed.output.find("two.test, 127.0.0.1  EC prime256v1  29"), std::string::npos)
        << listed.output;
}

TEST_F(TlsDaemon, AReloadThatCannotUseThemChangesNothing) {
    const Daemon daemon(setup());
    const Control control(daemon);
    std::filesystem::copy_file(certificates_.path("two.test.key"),
                               certificates_.path("one.test.key"),
                               std::filesystem::copy_options::overwrite_existing);
    const Finished refused = control.run({"reload"});
    EXPECT_NE(refused.code, 0);
    EXPECT_NE((refused.output + refused.errors).find("is not the key of"), std::string::npos);
    EXPECT_EQ(text_between(s_client(daemon, {"-servername", "one.test"}), "subject="),
              "CN = one.test");
}

TEST_F(TlsDaemon, ResumesAfterARotation) {
    const Daemon daemon(setup());
    const std::string session = certificates_.path("session");
    const std::string at = "127.0.0.1:" + std::to_string(daemon.port("echo"));
    s_client(daemon, {"-tls1_2", "-servername", "one.test", "-sess_out", session});
    certificates_.make("one.test");
    daemon.log().wait_for("new certificate " + certificates_.path("one.test.pem"));
    const std::string said =
        s_client(daemon, {"-tls1_2", "-servername", "one.test", "-sess_in", session});
    EXPECT_NE(said.find("Reused, TLSv1.2"), std::string::npos) << said;
}

/// A protocol that is spoken in the clear, until it begins TLS itself.
class TlsOnRequest : public TlsDaemon {
protected:
    DaemonSetup smtp(const std::string& start) const {
        return {.listeners = listener("smtp",
                                      "tiny_smtp",
                                      ", tls: {start: " + start + ", certificates: " +
                                          certificates_.list({"one.test", "two.test"}) + "}")};
    }
    static std::string at(const Daemon& daemon) {
        return "127.0.0.1:" + std::to_string(daemon.port("smtp"));
    }
    /// `version` of TLS, and the certificate that it is shown.
    void expect_starttls(const Daemon& daemon,
                         const std::string& option,
                         const std::string& version,
                         const std::string& name) const {
        expect_answer({"openssl",
                       "s_client",
                       "-quiet",
                       option,
                       "-starttls",
                       "smtp",
                       "-servername",
                       name,
                       "-verify_return_error",
                       "-verify_hostname",
                       name,
                       "-CAfile",
                       certificates_.path(name + ".pem"),
                       "-connect",
                       at(daemon)},
                      "NOOP\n",
                      "250 " + version);
    }
};

TEST_F(TlsOnRequest, SClientStartsItInTheMiddle) {
    const Daemon daemon(smtp("request"));
    for (const std::string name : {"one.test", "two.test"}) {
        expect_starttls(daemon, "-tls1_2", "TLSv1.2", name);
        expect_starttls(daemon, "-tls1_3", "TLSv1.3", name);
    }
    const Control control(daemon);
    EXPECT_EQ(control.ask("list", {{"what", "certificates"}}).size(), 2U);
    certificates_.make("one.test", 60);
    daemon.log().wait_for("new certificate " + certificates_.path("one.test.pem"));
    expect_starttls(daemon, "-tls1_3", "TLSv1.3", "one.test");
}

TEST_F(TlsOnRequest, AnEndpointStartsItInTheMiddle) {
    const Daemon server(smtp("request"));
    const auto connect = [&](const std::string& server_name) {
        return DaemonSetup{.endpoints = "  smtp: {connect: \"tcp://" + at(server) +
                                        "\", protocol: tiny_smtp_client, tls: {start: request, "
                                        "server_name: " +
                                        server_name +
                                        ", ca: " + certificates_.path("one.test.pem") + "}}\n"};
    };
    const Daemon client(connect("one.test"));
    client.log().wait_for("answered: 220 go ahead");
    client.log().wait_for("answered: 250 TLSv1.3");
    const Daemon distrustful(connect("elsewhere.test"));
    distrustful.log().wait_for("endpoint smtp: no TLS with " + at(server) +
                               ": certificate verify failed");
    EXPECT_EQ(distrustful.log().count("answered: 250"), 0U);
    const auto failed = Control(distrustful).show("smtp").at("failed_handshakes");
    EXPECT_GE(failed.at("certificate"), 1) << failed.dump();
}

TEST_F(TlsOnRequest, WhoDoesNotAskForItStaysInTheClear) {
    const Daemon daemon(smtp("request"));
    Client client(daemon.port("smtp"));
    client.send("NOOP\r\nQUIT\r\n");
    std::string said;
    EXPECT_EQ(client.ending(&said), Ending::orderly);
    EXPECT_EQ(said, "220 tiny\r\n250 in the clear\r\n221 bye\r\n");
}

TEST_F(TlsOnRequest, WhatComesInTheClearBehindTheRequestIsRefused) {
    Daemon daemon(smtp("request"));
    Client client(daemon.port("smtp"));
    client.send("STARTTLS\r\nNOOP\r\n");
    std::string said;
    client.ending(&said);
    EXPECT_NE(said.find("220 go ahead\r\n"), std::string::npos);
    EXPECT_EQ(said.find("250"), std::string::npos);
    daemon.log().wait_for("refused: ");
    daemon.log().wait_for("listener smtp: no TLS with 127.0.0.1:");
    const Control control(daemon);
    EXPECT_EQ(control.show("smtp").at("failed_handshakes"), Json({{"not_tls", 1}}));
    const std::string shown = control.run({"show", "smtp"}).output;
    EXPECT_NE(shown.find("\nfailed handshakes: 1 not_tls\n"), std::string::npos) << shown;
    EXPECT_EQ(daemon.stop(), 0);
}

TEST_F(TlsOnRequest, AReloadChangesWhenItBegins) {
    const Daemon daemon(smtp("connection"));
    const Control control(daemon);
    daemon.rewrite(smtp("request"));
    const Finished reloaded = control.run({"reload"});
    EXPECT_EQ(reloaded.code, 0) << reloaded.errors;
    EXPECT_NE(reloaded.output.find("listeners.smtp: tls"), std::string::npos) << reloaded.output;
    expect_starttls(daemon, "-tls1_3", "TLSv1.3", "one.test");
}

TEST_F(TlsDaemon, CurlVerifiesItAndSpeaksHttp) {
    DaemonSetup http;
    http.listeners = listener(
        "http", "tiny_http", ", tls: {certificates: " + certificates_.list({"one.test"}) + "}");
    const Daemon daemon(http);
    const std::string port = std::to_string(daemon.port("http"));
    const std::string said = output_of({"curl",
                                        "--disable",
                                        "--silent",
                                        "--show-error",
                                        "--noproxy",
                                        "*",
                                        "--cacert",
                                        certificates_.path("one.test.pem"),
                                        "--resolve",
                                        "one.test:" + port + ":127.0.0.1",
                                        "--write-out",
                                        "%{http_code} %{ssl_verify_result}",
                                        "--output",
                                        "/dev/null",
                                        "https://one.test:" + port + "/"});
    EXPECT_EQ(said, "200 0");
}

}  // namespace
}  // namespace protohost::harness

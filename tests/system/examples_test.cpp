// SPDX-License-Identifier: MIT
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/system/harness/certificate.hpp"
#include "tests/system/harness/child.hpp"
#include "tests/system/harness/client.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/free_port.hpp"
#include "tests/system/harness/scratch_folder.hpp"

namespace protohost::harness {
namespace {

const std::filesystem::path definitions = PROTOHOST_SOURCE_DIR "/config/examples";

/// A shipped definition, on another port than its own.
DaemonSetup example(const std::string& name, std::uint16_t own_port, std::uint16_t port) {
    std::ifstream file(definitions / (name + ".yaml"));
    std::ostringstream text;
    text << file.rdbuf();
    std::string sections = text.str();
    const std::string own = "127.0.0.1:" + std::to_string(own_port) + "\n";
    const std::size_t at = sections.find(own);
    if (at == std::string::npos) {
        ADD_FAILURE() << name << " says nothing of " << own;
    } else {
        sections.replace(at, own.size(), "127.0.0.1:" + std::to_string(port) + "\n");
    }
    return {.sections = sections, .log = "{level: info, areas: {plugin: debug}}"};
}

/// What the plugin of an example has said, in order, each line without time, level and area.
std::vector<std::string> said_by(const std::string& plugin, const Daemon& daemon) {
    const std::string area = " plugin." + plugin + ": ";
    std::vector<std::string> said;
    for (const std::string& line : daemon.log().with(area)) {
        const std::size_t unit = line.find(area) + area.size();
        said.push_back(line.substr(line.find(": ", unit) + 2));
    }
    return said;
}

using Lines = std::vector<std::string>;

TEST(Example, TcpEchoServerAnswersOnceAndCloses) {
    Daemon daemon(example("tcp-echo-server", 8888, 0));
    Client client(daemon.port("tcp-echo-server"));
    const std::string name = client.name();
    EXPECT_TRUE(client.echoes("Hello World!"));
    std::string rest;
    EXPECT_EQ(client.ending(&rest), Ending::orderly);
    EXPECT_EQ(rest, "");
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_EQ(said_by("tcp-echo-server", daemon),
              (Lines{"Connection from " + name,
                     "Data received: 'Hello World!'",
                     "Send: 'Hello World!'",
                     "Close the client socket"}));
}

TEST(Example, TcpEchoClientTalksToTheServerOnce) {
    Daemon server(example("tcp-echo-server", 8888, 0));
    Daemon client(example("tcp-echo-client", 8888, server.port("tcp-echo-server")));
    client.log().wait_for("endpoint tcp-echo-client: not opened again: reconnect is never");
    EXPECT_EQ(said_by("tcp-echo-client", client),
              (Lines{"Data sent: 'Hello World!'",
                     "Data received: 'Hello World!'",
                     "The server closed the connection"}));
    EXPECT_EQ(server.stop(), 0);
    EXPECT_EQ(server.log().count("Data received: 'Hello World!'"), 1U);
}

TEST(Example, UdpEchoServerAndClientExchangeADatagram) {
    Daemon server(example("udp-echo-server", 9999, 0));
    const std::uint16_t port = server.port("udp-echo-server");
    Daemon client(example("udp-echo-client", 9999, port));
    client.log().wait_for("endpoint udp-echo-client: not opened again: reconnect is never");
    EXPECT_EQ(said_by("udp-echo-client", client),
              (Lines{"Send: Hello World!",
                     "Received: Hello World!",
                     "Close the socket",
                     "Connection closed"}));
    EXPECT_EQ(server.stop(), 0);
    const Lines said = said_by("udp-echo-server", server);
    ASSERT_EQ(said.size(), 2U);
    const std::string from = said[0].substr(said[0].find("127.0.0.1:"));
    EXPECT_EQ(said,
              (Lines{"Received 'Hello World!' from " + from, "Send 'Hello World!' to " + from}));
}

TEST(Example, UdpEchoClientHearsThatNobodyIsThere) {
    Daemon client(example("udp-echo-client", 9999, free_port()));
    client.log().wait_for("Error received: Connection refused");
    EXPECT_EQ(client.stop(), 0);
    EXPECT_EQ(
        said_by("udp-echo-client", client),
        (Lines{"Send: Hello World!", "Error received: Connection refused", "Connection closed"}));
}

TEST(Example, ExistingSocketsAreConnected) {
    Daemon daemon(example("existing-sockets", 8890, 0));
    daemon.log().wait_for("listener existing-sockets: Received: abc");
    Client client(daemon.port("existing-sockets"));
    ASSERT_TRUE(client.send("from the network"));
    EXPECT_EQ(client.ending(), Ending::orderly);
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_EQ(said_by("existing-sockets", daemon),
              (Lines{"Received: abc", "Received: from the network"}));
}

TEST(Example, SubprocessDateTellsWhatTimeItIs) {
    Daemon daemon(example("subprocess-date", 8891, 0));
    const Finished now = run({"date", "+%Y"});
    for (int visit = 0; visit < 3; ++visit) {
        Client client(daemon.port("subprocess-date"));
        std::string said;
        EXPECT_EQ(client.ending(&said), Ending::orderly);
        EXPECT_NE(said.find(now.output.substr(0, 4)), std::string::npos) << said;
        EXPECT_TRUE(said.ends_with('\n')) << said;
    }
    EXPECT_EQ(daemon.stop(), 0);
}

/// The same file, with a certificate where it says that there is one.
std::string with_certificate(const std::string& file, const ScratchFolder& folder) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    std::string definition = text.str();
    const std::string named = "/etc/protohost/tls/";
    if (definition.find(named) == std::string::npos) return file;
    const std::string own = folder.path().string() + "/";
    for (std::size_t at = 0; (at = definition.find(named, at)) != std::string::npos;) {
        definition.replace(at, named.size(), own);
    }
    make_certificate(folder.path(), "echo", "localhost");
    std::ofstream(own + "definition.yaml") << definition;
    return own + "definition.yaml";
}

TEST(ShippedDefinitions, AllPassTheCheck) {
    const ScratchFolder folder;
    std::vector<std::string> files = {PROTOHOST_SOURCE_DIR "/config/protohost.yaml"};
    for (const auto& entry : std::filesystem::directory_iterator(definitions)) {
        files.push_back(entry.path());
    }
    EXPECT_GT(files.size(), 6U);
    for (const std::string& file : files) {
        const Finished finished =
            run({daemon_program(), "--check", "--config", with_certificate(file, folder)});
        EXPECT_EQ(finished.code, 0) << file << ": " << finished.errors;
    }
}

}  // namespace
}  // namespace protohost::harness

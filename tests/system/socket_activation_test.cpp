// SPDX-License-Identifier: MIT
// Sockets that the service manager has opened, and passes by name.
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/system/harness/client.hpp"
#include "tests/system/harness/control.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/datagram_client.hpp"
#include "tests/system/harness/free_port.hpp"
#include "tests/system/harness/server.hpp"
#include "tests/system/harness/service_manager.hpp"
#include "tests/system/harness/sockets.hpp"

namespace protohost::harness {
namespace {

base::Descriptor copy_of(int fd) {
    return base::Descriptor(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
}

/// At a free port of 127.0.0.1.
struct Datagrams {
    base::Descriptor socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    std::string address = "127.0.0.1:" + std::to_string(bind_to_free_port(socket.get()));
};

std::string listens(const std::string& address, const std::string& more = {}) {
    return "  web: {listen: " + address + ", protocol: echo" + more + "}\n";
}

/// What it says where it must not serve, from the key on.
std::string complaint(const ServiceManager& manager, DaemonSetup setup) {
    const ScratchFolder folder;
    const std::string file = write_configuration(folder, setup);
    setup = manager.starting(std::move(setup));
    std::vector<std::string> command = setup.wrapper;
    command.insert(command.end(), {daemon_program(), "--config", file});
    const Finished finished = run(command, {}, setup.passed);
    EXPECT_EQ(finished.code, 1);
    EXPECT_TRUE(finished.errors.starts_with(file + ":5:")) << finished.errors;
    return finished.errors.substr(finished.errors.find(' ') + 1);
}

class SocketActivation : public testing::Test {
protected:
    SocketActivation() {
        tcp_.listen();
        manager_.open("web", copy_of(tcp_.descriptor()));
        manager_.open("web", copy_of(local_.descriptor()));
        manager_.open("dns", copy_of(udp_.socket.get()));
    }

    /// By UDP echo.
    void expect_datagrams() const {
        const DatagramClient client;
        client.send("hello", udp_.address);
        EXPECT_EQ(client.receive(), (ReceivedDatagram{"hello", udp_.address}));
    }

    const ScratchFolder folder_;
    const std::string path_ = folder_.path() / "web.sock";
    Server tcp_;
    Server local_{path_};
    Datagrams udp_;
    ServiceManager manager_;
    const std::string web_ = listens("systemd:web");
    const std::string dns_ = "  dns: {bind: systemd:dns, protocol: udp-echo}\n";
};

TEST_F(SocketActivation, ServesAllOfOneName) {
    Daemon daemon(manager_.starting({.listeners = web_, .endpoints = dns_}));
    EXPECT_TRUE(Client(tcp_.port()).echoes("hello"));
    EXPECT_TRUE(Client(path_).echoes("hello"));
    expect_datagrams();
    EXPECT_EQ(daemon.log().count("no unit takes it"), 0U);
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_TRUE(std::filesystem::exists(path_)) << "it is the service manager's";
    EXPECT_TRUE(Client(tcp_.port())) << "and waits in the queue for whoever is started next";
}

TEST_F(SocketActivation, WhatAReloadRemovesALaterOneHasAgain) {
    Daemon daemon(manager_.starting({.listeners = web_, .endpoints = dns_}));
    const Control control(daemon);
    daemon.rewrite({.listeners = listener("other", "echo")});
    control.reload();
    Client early(tcp_.port());
    daemon.rewrite({.listeners = web_, .endpoints = dns_});
    control.reload();
    EXPECT_TRUE(early.echoes("it has waited"));
    EXPECT_TRUE(Client(path_).echoes("hello"));
    expect_datagrams();
}

TEST_F(SocketActivation, AReloadThatNamesWhatIsNotThereChangesNothing) {
    Daemon daemon(manager_.starting({.listeners = web_}));
    daemon.rewrite({.listeners = web_ + "  more: {listen: systemd:more, protocol: echo}\n"});
    const Finished reload = Control(daemon).run({"reload"});
    EXPECT_EQ(reload.code, 1);
    EXPECT_NE(reload.errors.find("no socket named more has been passed"), std::string::npos)
        << reload.errors;
    EXPECT_TRUE(Client(tcp_.port()).echoes("hello"));
}

TEST_F(SocketActivation, OneNameMayBeOfAListenerAndOfAnEndpoint) {
    ServiceManager manager;
    manager.open("dns", copy_of(udp_.socket.get()));
    manager.open("dns", copy_of(tcp_.descriptor()));
    const std::string listeners = listens("systemd:dns");
    Daemon daemon(manager.starting({.listeners = listeners}));
    EXPECT_EQ(daemon.log().count("systemd:dns, a datagram socket at udp://" + udp_.address +
                                 ": no unit takes it, and so it is closed"),
              1U);
    EXPECT_EQ(daemon.stop(), 0);
    const Daemon both(manager.starting({.listeners = listeners, .endpoints = dns_}));
    EXPECT_TRUE(Client(tcp_.port()).echoes("hello"));
    expect_datagrams();
}

TEST_F(SocketActivation, ClosesWhatNobodyTakes) {
    Daemon daemon(manager_.starting({.endpoints = dns_}));
    const std::string why = ": no unit takes it, and so it is closed";
    EXPECT_EQ(daemon.log().count("systemd:web, a listening stream socket at tcp://127.0.0.1:" +
                                 std::to_string(tcp_.port()) + why),
              1U);
    EXPECT_EQ(daemon.log().count("systemd:web, a listening stream socket at unix://" + path_ + why),
              1U);
    EXPECT_EQ(listening(daemon.pid(), tcp_.port()).size(), 0U);
    daemon.rewrite({.listeners = web_, .endpoints = dns_});
    const Finished reload = Control(daemon).run({"reload"});
    EXPECT_EQ(reload.code, 1);
    EXPECT_NE(reload.errors.find("systemd:web was closed, because nothing took it when the daemon "
                                 "started (restart the daemon)"),
              std::string::npos)
        << reload.errors;
}

TEST_F(SocketActivation, WhatIsKnownByItsNumberIsNotClosed) {
    Daemon daemon(manager_.starting({.listeners = listens("fd:3")}));
    daemon.rewrite({.listeners = listener("other", "echo")});
    const Control control(daemon);
    control.reload();
    daemon.rewrite({.listeners = listens("fd:3")});
    control.reload();
    EXPECT_TRUE(Client(tcp_.port()).echoes("hello"));
}

TEST_F(SocketActivation, WhatIsOfTheWrongKindIsNamed) {
    EXPECT_EQ(complaint(manager_, {.listeners = listens("systemd:dns")}),
              "listeners.web.listen: systemd:dns is a datagram socket at udp://" + udp_.address +
                  ", and a listener needs a stream socket that listens (ListenStream=, with "
                  "Accept=no, in the .socket unit makes one)\n");
    ServiceManager manager;
    manager.open("web", copy_of(tcp_.descriptor()));
    const std::string bound = "  dns: {bind: systemd:web, protocol: udp-echo}\n";
    EXPECT_EQ(complaint(manager, {.endpoints = bound}),
              "endpoints.dns.bind: systemd:web is a listening stream socket at tcp://127.0.0.1:" +
                  std::to_string(tcp_.port()) +
                  ", and bind needs a datagram socket (ListenDatagram= in the .socket unit makes "
                  "one)\n");
    ServiceManager connected;
    const Client client(tcp_.port());
    connected.open("web", copy_of(client.descriptor()));
    EXPECT_NE(complaint(connected, {.listeners = web_}).find("systemd:web is a connection at tcp:"),
              std::string::npos);
    ServiceManager file;
    file.open("web", base::Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)));
    EXPECT_NE(complaint(file, {.listeners = web_}).find("systemd:web is no socket, and"),
              std::string::npos);
}

TEST_F(SocketActivation, AnEndpointHasOneSocket) {
    const Datagrams second;
    manager_.open("dns", copy_of(second.socket.get()));
    EXPECT_EQ(complaint(manager_, {.endpoints = dns_}),
              "endpoints.dns.bind: systemd:dns are 2 sockets, and an endpoint has one (make a "
              ".socket unit for each)\n");
}

TEST_F(SocketActivation, ANameThatIsNotThereIsAnsweredWithThoseThatAre) {
    const std::string help =
        " (FileDescriptorName=api in a .socket unit gives it that name; without one it has the "
        "unit's own, as api.socket)\n";
    EXPECT_EQ(
        complaint(manager_, {.listeners = listens("systemd:api")}),
        "listeners.web.listen: no socket named api has been passed; there are dns, web" + help);
    const ServiceManager none;
    EXPECT_EQ(
        complaint(none, {.listeners = listens("systemd:api")}),
        "listeners.web.listen: no socket named api has been passed; none has been passed at all" +
            help);
}

TEST_F(SocketActivation, TheCheckDoesNotAskForThem) {
    const std::string file = write_configuration(folder_, {.listeners = web_, .endpoints = dns_});
    EXPECT_EQ(run({daemon_program(), "--check", "--config", file}).code, 0);
}

/// FileDescriptorName= of a shipped unit.
std::string name_in(const std::string& unit) {
    std::ifstream file(PROTOHOST_SOURCE_DIR "/systemd/examples/" + unit);
    const std::string key = "FileDescriptorName=";
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(key)) return line.substr(key.size());
    }
    ADD_FAILURE() << unit << " names nothing";
    return {};
}

TEST_F(SocketActivation, TheExamplesGoTogether) {
    std::ostringstream sections;
    sections
        << std::ifstream(PROTOHOST_SOURCE_DIR "/config/examples/systemd-activation.yaml").rdbuf();
    ServiceManager manager;
    manager.open(name_in("echo.socket"), copy_of(tcp_.descriptor()));
    manager.open(name_in("udp-echo.socket"), copy_of(udp_.socket.get()));
    const Daemon daemon(manager.starting({.sections = sections.str()}));
    EXPECT_TRUE(Client(tcp_.port()).echoes("hello"));
    expect_datagrams();
}

TEST(SocketActivationTool, StartsTheDaemonWithItsFirstClient) {
    const std::string tool = "/usr/bin/systemd-socket-activate";
    if (::access(tool.c_str(), X_OK) != 0) GTEST_SKIP() << "there is no " << tool;
    const std::uint16_t port = free_port();
    Daemon daemon({.listeners = listens("systemd:web"),
                   .wrapper = {tool, "-l", "127.0.0.1:" + std::to_string(port), "--fdname=web"},
                   .awaited = "Listening on"});
    Client client(port);
    EXPECT_TRUE(client.echoes("hello"));
    EXPECT_EQ(daemon.port("web"), port);
    EXPECT_EQ(daemon.stop(), 0);
}

}  // namespace
}  // namespace protohost::harness

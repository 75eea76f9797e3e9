// SPDX-License-Identifier: MIT
#include <array>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "daemon/base/descriptor.hpp"
#include "daemon/net/socket_address.hpp"
#include "tests/system/harness/client.hpp"
#include "tests/system/harness/control.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/datagram_client.hpp"
#include "tests/system/harness/figures.hpp"
#include "tests/system/harness/free_port.hpp"
#include "tests/system/harness/server.hpp"
#include "tests/system/harness/sockets.hpp"

namespace protohost::harness {
namespace {

using base::Json;

/// A listener on a port of its own choice.
std::string listener_at(std::string_view name,
                        std::uint16_t port,
                        std::string_view protocol,
                        std::string_view more = {}) {
    return "  " + std::string(name) + ": {listen: \"tcp://127.0.0.1:" + std::to_string(port) +
           "\", protocol: " + std::string(protocol) + std::string(more) + "}\n";
}

std::string greeting(std::string_view text) {
    return ", options: {greeting: " + std::string(text) + "}";
}

/// What the lab says first.
std::string greets(std::uint16_t port) {
    return Client(port).receive_line();
}

TEST(Reload, BySignalTouchesNothingWhereNothingChanged) {
    const DaemonSetup setup{.listeners = listener("echo", "echo")};
    Daemon daemon(setup);
    const auto before = listening(daemon.pid(), daemon.port("echo"));
    ASSERT_EQ(before.size(), 1U);
    Client client(daemon.port("echo"));
    ASSERT_TRUE(client.echoes("before"));
    daemon.signal(SIGHUP);
    daemon.log().wait_for("reload 2 (SIGHUP) unchanged in ");
    EXPECT_TRUE(client.echoes("after"));
    EXPECT_EQ(listening(daemon.pid(), daemon.port("echo")), before);
    EXPECT_EQ(Control(daemon).reloads("unchanged"), 1U);
}

TEST(Reload, ByProtohostctlReturnsWhenTheNewConfigurationServes) {
    Daemon daemon({.listeners = listener("first", "echo")});
    const Control control(daemon);
    EXPECT_EQ(control.run({"reload"}).code, 0);
    daemon.rewrite({.listeners = listener("first", "echo") + listener("second", "echo")});
    const Finished reloaded = control.run({"reload"});
    EXPECT_EQ(reloaded.code, 0) << reloaded.errors;
    EXPECT_NE(reloaded.output.find("applied"), std::string::npos) << reloaded.output;
    EXPECT_NE(reloaded.output.find("+ listeners.second"), std::string::npos) << reloaded.output;
    EXPECT_TRUE(Client(control.port("second")).echoes("at once"));
}

TEST(Reload, RetunesLivingConnectionsAndSockets) {
    Daemon daemon({.listeners = listener("lab", "lab")});
    const Control control(daemon);
    const auto before = listening(daemon.pid(), daemon.port("lab"));
    Client client(daemon.port("lab"), {.receive_buffer = 4096});
    ASSERT_TRUE(client.send("soon alive\n"));
    ASSERT_EQ(client.receive_line(), "alive\n");
    daemon.rewrite(
        {.listeners = listener("lab",
                               "lab",
                               ", socket: {backlog: 7}, limits: {connections: 1}, write_buffer: "
                               "{high: 1KiB, low: 0, limit: 64KiB, policy: refuse}")});
    const Json record = control.reload();
    EXPECT_EQ(record["changed"],
              Json::parse(R"([{"unit": "listeners.lab", "change": ["retuned"]}])"));
    EXPECT_EQ(listening(daemon.pid(), daemon.port("lab")), before);
    // The connection from before has the new limit.
    ASSERT_TRUE(client.send("fill 16000000\n"));
    daemon.log().wait_for("would pass write_buffer.limit (64KiB)");
    // And it is the only one that there may be.
    Client second(daemon.port("lab"));
    ASSERT_TRUE(second.send("soon in turn\n"));
    EXPECT_FALSE(second.readable_within(100));
    client.reset();
    EXPECT_EQ(second.receive_line(), "in turn\n");
}

TEST(Reload, NewOptionsAreForNewConnectionsAtTheSameSocket) {
    Daemon daemon({.listeners = listener("lab", "lab", greeting("old"))});
    const Control control(daemon);
    const std::uint16_t port = daemon.port("lab");
    const auto before = listening(daemon.pid(), port);
    Client old(port);
    ASSERT_EQ(old.receive_line(), "old\n");
    daemon.rewrite({.listeners = listener("lab", "lab", greeting("new"))});
    const Json record = control.reload();
    EXPECT_EQ(record["changed"][0]["change"], Json::parse(R"(["factory"])"));
    EXPECT_EQ(greets(port), "new\n");
    EXPECT_TRUE(old.send("soon still here\n"));
    EXPECT_EQ(old.receive_line(), "still here\n");
    EXPECT_EQ(listening(daemon.pid(), port), before);
    EXPECT_EQ(control.show("lab")["connections"]["old_generation"], 1);
}

TEST(Reload, MovesToAnotherAddressAndKeepsWhatLives) {
    const std::uint16_t first = free_port();
    Daemon daemon({.listeners = listener_at("echo", first, "echo")});
    const Control control(daemon);
    Client client(first);
    ASSERT_TRUE(client.echoes("before"));
    std::uint16_t second = free_port();
    while (second == first) second = free_port();
    daemon.rewrite({.listeners = listener_at("echo", second, "echo")});
    EXPECT_EQ(control.reload()["changed"][0]["change"], Json::parse(R"(["moved"])"));
    EXPECT_TRUE(Client(second).echoes("there"));
    EXPECT_FALSE(Client(first));
    EXPECT_TRUE(client.echoes("after"));
}

/// Whoever waits in the queue of a full listener is connected, and has sent something.
class FullListener : public testing::Test {
protected:
    FullListener() {
        EXPECT_TRUE(inside_.send("soon inside\n"));
        EXPECT_EQ(inside_.receive_line(), "inside\n");
        for (Client& client : waiting_) EXPECT_TRUE(client.send("soon waited\n"));
        EXPECT_FALSE(waiting_[0].readable_within(50));
    }

    static DaemonSetup at(std::uint16_t port) {
        return {.listeners =
                    listener_at(
                        "full", port, "lab", ", limits: {connections: 1}, options: {drain: keep}") +
                    listener("other", "echo")};
    }

    const std::uint16_t port_ = free_port();
    Daemon daemon_{at(port_)};
    const Control control_{daemon_};
    Client inside_{port_};
    std::array<Client, 3> waiting_{Client(port_), Client(port_), Client(port_)};
};

TEST_F(FullListener, MovedServesWhoeverWaitsBeforeItClosesTheOldAddress) {
    daemon_.rewrite(at(0));
    EXPECT_EQ(control_.reload()["changed"][0]["change"], Json::parse(R"(["moved"])"));
    for (Client& client : waiting_) EXPECT_EQ(client.receive_line(), "waited\n");
    // The limit holds again for those who come from now on.
    Client late(control_.port("full"));
    ASSERT_TRUE(late.send("soon late\n"));
    EXPECT_FALSE(late.readable_within(50));
    inside_.close();
    for (Client& client : waiting_) client.close();
    EXPECT_EQ(late.receive_line(), "late\n");
}

TEST_F(FullListener, RemovedServesWhoeverWaitsUntilItIsDrained) {
    daemon_.rewrite({.listeners = listener("other", "echo")});
    control_.reload();
    for (Client& client : waiting_) EXPECT_EQ(client.receive_line(), "waited\n");
}

TEST(Reload, RemovedItDrainsToItsDeadlineAndIsAborted) {
    Daemon daemon(
        {.listeners =
             listener("echo", "echo") +
             listener("lab", "lab", ", options: {drain: keep}, timeouts: {drain: 300ms}")});
    const Control control(daemon);
    const std::uint16_t port = daemon.port("lab");
    Client client(port);
    ASSERT_TRUE(client.send("soon hello\n"));
    ASSERT_EQ(client.receive_line(), "hello\n");
    daemon.rewrite({.listeners = listener("echo", "echo")});
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(control.reload()["removed"], Json::parse(R"(["listeners.lab"])"));
    EXPECT_FALSE(Client(port));
    EXPECT_TRUE(client.send("soon draining\n"));
    EXPECT_EQ(client.receive_line(), "draining\n");
    EXPECT_NE(client.ending(), Ending::never);
    EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(300));
    daemon.log().wait_for("listener lab: aborting 1 connection that did not drain");
    EXPECT_TRUE(Client(daemon.port("echo")).echoes("untouched"));
}

TEST(Reload, TwoListenersSwapTheirAddressesWithoutClosingAny) {
    const std::uint16_t first = free_port();
    std::uint16_t second = free_port();
    while (second == first) second = free_port();
    const auto setup = [&](std::uint16_t of_a, std::uint16_t of_b) {
        return DaemonSetup{.listeners = listener_at("a", of_a, "lab", greeting("a")) +
                                        listener_at("b", of_b, "lab", greeting("b"))};
    };
    Daemon daemon(setup(first, second));
    const Control control(daemon);
    const auto sockets = [&] {
        return std::pair(listening(daemon.pid(), first), listening(daemon.pid(), second));
    };
    const auto before = sockets();
    ASSERT_EQ(greets(first), "a\n");
    daemon.rewrite(setup(second, first));
    control.reload();
    EXPECT_EQ(greets(first), "b\n");
    EXPECT_EQ(greets(second), "a\n");
    EXPECT_EQ(sockets(), before);
}

TEST(Reload, AnAddressGoesOverToAListenerOfAnotherName) {
    const std::uint16_t port = free_port();
    Daemon daemon({.listeners = listener_at("before", port, "echo")});
    const auto sockets = listening(daemon.pid(), port);
    daemon.rewrite({.listeners = listener_at("after", port, "echo")});
    const Json record = Control(daemon).reload();
    EXPECT_EQ(record["added"], Json::parse(R"(["listeners.after"])"));
    EXPECT_EQ(record["removed"], Json::parse(R"(["listeners.before"])"));
    EXPECT_EQ(listening(daemon.pid(), port), sockets);
    EXPECT_TRUE(Client(port).echoes("by the other"));
}

TEST(Reload, ThePathOfAUnixSocketNeverDisappears) {
    const ScratchFolder folder;
    const std::string path = (folder.path() / "lab.sock").string();
    const auto setup = [&](const std::string& name, const std::string& more) {
        return DaemonSetup{.listeners = "  " + name + ": {listen: \"unix://" + path +
                                        "\", protocol: lab" + more + "}\n"};
    };
    Daemon daemon(setup("lab", greeting("old")));
    const auto sockets = listening(daemon.pid(), path);
    ASSERT_EQ(sockets.size(), 1U);
    const auto file = std::filesystem::last_write_time(path);
    const Control control(daemon);
    daemon.rewrite(setup("lab", greeting("new") + ", socket: {mode: 0660}"));
    control.reload();
    EXPECT_EQ(Client(path).receive_line(), "new\n");
    EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0660));
    daemon.rewrite(setup("other", greeting("newer")));
    control.reload();
    EXPECT_EQ(Client(path).receive_line(), "newer\n");
    EXPECT_EQ(listening(daemon.pid(), path), sockets);
    EXPECT_EQ(std::filesystem::last_write_time(path), file);
}

TEST(Reload, APipeOfAnInheritedDescriptorCanBeNamedAgainAfterItWasRemoved) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    base::Descriptor reading(ends[0]);
    const base::Descriptor writing(ends[1]);
    ::fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    const DaemonSetup without{.listeners = listener("echo", "echo")};
    DaemonSetup with = without;
    with.endpoints = "  in: {read: \"fd:" + std::to_string(ends[0]) + "\", protocol: lab}\n";
    Daemon daemon(with);
    reading.close();
    const Control control(daemon);
    std::size_t before = 0;
    for (int i = 0; i < 20; ++i) {
        const std::string line = "say number " + std::to_string(i) + "\n";
        ASSERT_EQ(::write(ends[1], line.data(), line.size()), static_cast<ssize_t>(line.size()));
        daemon.log().wait_for("number " + std::to_string(i));
        daemon.rewrite(without);
        control.reload();
        EXPECT_EQ(control.refused("show", {{"unit", "in"}})["code"], "not_found");
        daemon.rewrite(with);
        control.reload();
        if (i == 4) before = open_descriptors(daemon.pid());
    }
    // And a control session, of which it may not have seen the end.
    EXPECT_LE(open_descriptors(daemon.pid()), before + 1);
}

TEST(Reload, AConnectionThatIsOpenedAnewHasTheNewSettings) {
    Server server;
    server.listen();
    const auto from = [&](const std::string& local) {
        return "  out: {connect: \"" + server.address() +
               "\", protocol: echo, socket: {local: \"tcp://" + local + ":0\"}}\n";
    };
    const auto peer = [&] {
        const Client client = server.accept();
        return net::SocketAddress::peer_of(client.descriptor()).text();
    };
    Daemon daemon({.endpoints = from("127.0.0.2")});
    EXPECT_TRUE(peer().starts_with("127.0.0.2:"));
    daemon.rewrite({.endpoints = from("127.0.0.3")});
    Control(daemon).reload();
    EXPECT_TRUE(peer().starts_with("127.0.0.3:"));
}

TEST(Reload, UdpKeepsItsSocketAndGetsItsSettings) {
    const std::uint16_t free = free_port();
    const auto setup = [&](const std::string& socket) {
        return DaemonSetup{.endpoints = "  names: {bind: \"udp://0.0.0.0:" + std::to_string(free) +
                                        "\", protocol: udp-echo, socket: " + socket + "}\n"};
    };
    const auto joined = [](const std::string& group) {
        std::ifstream groups("/proc/net/igmp");
        return std::string(std::istreambuf_iterator<char>(groups), {}).find(group) !=
               std::string::npos;
    };
    Daemon daemon(setup("{}"));
    const Control control(daemon);
    const DatagramClient client;
    const std::string to = "127.0.0.1:" + std::to_string(free);
    for (const bool joins : {true, false}) {
        daemon.rewrite(setup(joins ? "{receive_buffer: 64KiB, broadcast: true, "
                                     "multicast: [{group: 239.7.7.9, interface: lo}]}"
                                   : "{}"));
        const Json record = control.reload();
        EXPECT_EQ(record["changed"][0]["change"], Json::parse(R"(["retuned"])"));
        EXPECT_EQ(joined("090707EF"), joins);
        client.send("hello", to);
        EXPECT_EQ(client.receive().data, "hello");
    }
    daemon.rewrite(setup("{multicast: [{group: 239.7.7.9, interface: no-such0}]}"));
    const Finished refused = control.run({"reload"});
    EXPECT_EQ(refused.code, 1);
    EXPECT_NE(refused.errors.find("no-such0"), std::string::npos) << refused.errors;
    client.send("as before", to);
    EXPECT_EQ(client.receive().data, "as before");
}

TEST(Reload, SaysWhoseAddressItWouldNeedTwice) {
    const std::string port = std::to_string(free_port());
    const auto setup = [&](const std::string& host) {
        return DaemonSetup{.listeners = "  web: {listen: \"tcp://" + host + ":" + port +
                                        "\", protocol: echo}\n"};
    };
    Daemon daemon(setup("0.0.0.0"));
    daemon.rewrite(setup("127.0.0.1"));
    const Finished refused = Control(daemon).run({"reload"});
    EXPECT_EQ(refused.code, 1);
    for (const std::string& says :
         {"listeners.web has tcp://0.0.0.0:" + port + " in this daemon, until the reload is over",
          std::string("make it two reloads, the first without that one")}) {
        EXPECT_NE(refused.errors.find(says), std::string::npos) << refused.errors;
    }
}

TEST(Reload, UdpSocketsGoFromOneEndpointToAnother) {
    const std::array<std::uint16_t, 2> ports{free_port(), free_port()};
    const auto address = [&](std::size_t i) {
        return "udp://127.0.0.1:" + std::to_string(ports.at(i));
    };
    const auto setup = [&](const std::string& first, const std::string& second) {
        return DaemonSetup{.endpoints = "  " + first + ": {bind: \"" + address(0) +
                                        "\", protocol: udp-echo}\n  " + second + ": {bind: \"" +
                                        address(1) + "\", protocol: udp-echo}\n"};
    };
    Daemon daemon(setup("one", "other"));
    const Control control(daemon);
    const auto sockets = [&] {
        return std::pair(bound(daemon.pid(), ports[0]), bound(daemon.pid(), ports[1]));
    };
    const auto before = sockets();
    ASSERT_EQ(before.first.size(), 1U);
    const DatagramClient client;
    for (const auto& [first, second] : {std::pair("other", "one"), {"other", "renamed"}}) {
        daemon.rewrite(setup(first, second));
        EXPECT_EQ(control.reload()["verdict"], "applied");
        EXPECT_EQ(sockets(), before);
        EXPECT_EQ(control.show(first)["addresses"][0], address(0));
        EXPECT_EQ(control.show(second)["addresses"][0], address(1));
        for (const std::uint16_t port : ports) {
            client.send("there", "127.0.0.1:" + std::to_string(port));
            EXPECT_EQ(client.receive().data, "there");
        }
    }
}

TEST(Reload, OpensAgainWhatItsProtocolHasClosedWithAnotherFactory) {
    const std::uint16_t port = free_port();
    const auto setup = [&](const std::string& protocol) {
        return DaemonSetup{.endpoints = "  names: {bind: \"udp://127.0.0.1:" +
                                        std::to_string(port) + "\", protocol: " + protocol + "}\n"};
    };
    Daemon daemon(setup("udp-echo"));
    const Control control(daemon);
    control.ask("close_connection",
                {{"id", control.ask("list", {{"what", "connections"}})[0]["id"]}});
    daemon.log().wait_for("endpoint names: not opened again");
    daemon.rewrite(setup("udp-echo/udp-echo"));
    control.reload();
    const DatagramClient client;
    client.send("there", "127.0.0.1:" + std::to_string(port));
    EXPECT_EQ(client.receive().data, "there");
}

TEST(Reload, UdpKeepsItsSocketAndItsDatagrams) {
    const auto setup = [](const std::string& protocol) {
        return DaemonSetup{
            .endpoints = "  names: {bind: \"udp://127.0.0.1:0\", protocol: " + protocol + "}\n"};
    };
    Daemon daemon(setup("udp-echo"));
    const Control control(daemon);
    const std::uint16_t port = daemon.port("names");
    const auto sockets = bound(daemon.pid(), port);
    ASSERT_EQ(sockets.size(), 1U);
    const DatagramClient client;
    const std::string to = "127.0.0.1:" + std::to_string(port);
    for (int i = 0; i < 20; ++i) {
        daemon.rewrite(setup(i % 2 == 0 ? "udp-echo/udp-echo" : "udp-echo"));
        client.send("before", to);
        std::thread reload([&] {
            EXPECT_EQ(control.reload()["changed"][0]["change"], Json::parse(R"(["factory"])"));
        });
        for (int sent = 0; sent < 20; ++sent) client.send(std::to_string(sent), to);
        EXPECT_EQ(client.receive().data, "before");
        for (int sent = 0; sent < 20; ++sent) {
            EXPECT_EQ(client.receive().data, std::to_string(sent));
        }
        reload.join();
    }
    EXPECT_EQ(bound(daemon.pid(), port), sockets);
    EXPECT_EQ(control.reloads("applied"), 21U);
}

}  // namespace
}  // namespace protohost::harness

// SPDX-License-Identifier: MIT
#include <string>

#include <gtest/gtest.h>

#include "tests/system/harness/child.hpp"
#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/datagram_client.hpp"

namespace protohost::harness {
namespace {

/// Where an endpoint says that it is: "127.0.0.1:40000".
std::string address_of(const std::string& endpoint, const Daemon& daemon) {
    const std::string before = "endpoint " + endpoint + ": bound to udp://";
    const std::string line = daemon.log().wait_for(before);
    const std::size_t begin = line.find(before) + before.size();
    return line.substr(begin, line.find(' ', begin) - begin);
}

std::string port_of(const std::string& endpoint, const Daemon& daemon) {
    const std::string address = address_of(endpoint, daemon);
    return address.substr(address.rfind(':'));
}

TEST(DatagramEndpoint, AnswersWithUdpEcho) {
    Daemon daemon({.endpoints = "  clock:  {bind: udp://127.0.0.1:0, protocol: udp-echo}\n"});
    const std::string clock = address_of("clock", daemon);
    DatagramClient client;
    for (const std::string& data : {std::string("hello"), std::string(), std::string(65507, 'x')}) {
        client.send(data, clock);
        EXPECT_EQ(client.receive(), (ReceivedDatagram{data, clock}));
    }
}

TEST(DatagramEndpoint, ServesIPv6) {
    Daemon daemon({.endpoints = "  six: {bind: \"udp://[::1]:0\", protocol: udp-echo}\n"});
    const std::string six = address_of("six", daemon);
    EXPECT_TRUE(six.starts_with("[::1]:")) << six;
    DatagramClient client("[::1]:0");
    client.send("hello", six);
    EXPECT_EQ(client.receive(), (ReceivedDatagram{"hello", six}));
}

TEST(DatagramEndpoint, ServesBothFamiliesAtOneAddressWhereItMay) {
    Daemon daemon({.endpoints = "  all: {bind: \"udp://[::]:0\", protocol: udp-echo, "
                                "socket: {ipv6_only: false}}\n"});
    for (const std::string host : {"127.0.0.1", "[::1]"}) {
        const std::string here = host + port_of("all", daemon);
        DatagramClient client(host + ":0");
        client.send("hello", here);
        EXPECT_EQ(client.receive(), (ReceivedDatagram{"hello", here}));
    }
}

TEST(DatagramEndpoint, HearsTheGroupsThatItHasJoinedAndNoOthers) {
    const auto joins = [](const std::string& groups) {
        return ": {bind: \"udp://0.0.0.0:0\", protocol: udp-echo, socket: {multicast: [" + groups +
               "]}}\n";
    };
    const std::string third = "{group: 239.7.7.3, interface: lo}";
    Daemon daemon(
        {.endpoints = "  two" +
                      joins("{group: 239.7.7.1, interface: lo}, {group: 239.7.7.2, interface: "
                            "lo}") +
                      "  other" + joins(third)});
    const std::string port = port_of("two", daemon);
    DatagramClient client;
    // That another endpoint of this machine is in that group is no reason to hear it.
    client.send("to a stranger", "239.7.7.3" + port);
    client.send("to the first", "239.7.7.1" + port);
    client.send("to the second", "239.7.7.2" + port);
    client.send("to the endpoint", "127.0.0.1" + port);
    for (const char* const data : {"to the first", "to the second", "to the endpoint"}) {
        EXPECT_EQ(client.receive(), (ReceivedDatagram{data, "127.0.0.1" + port}));
    }
    const std::string others = port_of("other", daemon);
    client.send("to the stranger", "239.7.7.3" + others);
    EXPECT_EQ(client.receive(), (ReceivedDatagram{"to the stranger", "127.0.0.1" + others}));
}

TEST(DatagramEndpoint, HearsABroadcast) {
    Daemon daemon({.endpoints = "  all: {bind: \"udp://0.0.0.0:0\", protocol: udp-echo}\n"});
    const std::string port = port_of("all", daemon);
    DatagramClient client;
    client.send("to all", "127.255.255.255" + port);
    EXPECT_EQ(client.receive(), (ReceivedDatagram{"to all", "127.0.0.1" + port}));
}

/// Of a client that sends to a broadcast address, where it may or not.
std::string shouting_to(std::uint16_t port, const std::string& more) {
    return "  shout: {bind: \"udp://127.0.0.1:0\", remote: \"udp://127.255.255.255:" +
           std::to_string(port) + "\", protocol: udp-echo-client" + more + "}\n";
}

TEST(DatagramEndpoint, BroadcastsAndHearsWhoeverAnswers) {
    DatagramClient listener("0.0.0.0:0");
    Daemon daemon({.endpoints = shouting_to(listener.port(), ", socket: {broadcast: true}")});
    const std::string shout = address_of("shout", daemon);
    EXPECT_EQ(listener.receive(), (ReceivedDatagram{"Hello World!", shout}));
    // Not from the address that was sent to: nobody has that.
    DatagramClient("127.0.0.2:0").send("here I am", shout);
    daemon.log().wait_for("Received: here I am");
}

TEST(DatagramEndpoint, ThatMayNotBroadcastIsRefusedAtTheStart) {
    const ScratchFolder folder;
    const Finished finished = run({daemon_program(),
                                   "--config",
                                   write_configuration(folder, {.endpoints = shouting_to(9, "")})});
    EXPECT_NE(finished.code, 0);
    EXPECT_NE(finished.errors.find("cannot connect to udp://127.255.255.255:9: Permission denied"),
              std::string::npos)
        << finished.errors;
    EXPECT_NE(finished.errors.find("socket: {broadcast: true}"), std::string::npos)
        << finished.errors;
}

}  // namespace
}  // namespace protohost::harness

// SPDX-License-Identifier: MIT
#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/config/messages.hpp"
#include "tests/daemon/config/scratch_folder.hpp"

// What listeners and endpoints become; what they may not be is in bad/.

namespace protohost::config {
namespace {

using namespace std::chrono_literals;
using EndpointKind = model::EndpointSpec::Kind;
using Kind = model::Address::Kind;

model::Configuration configuration_of(const std::string& text) {
    const ScratchFolder folder;
    const auto file = folder.write("a.yaml", text);
    const auto configuration = load(file);
    EXPECT_TRUE(configuration) << messages_of(file);
    return configuration ? *configuration : model::Configuration{};
}

model::ListenerSpec listener(const std::string& rest) {
    return configuration_of("listeners: {x: {protocol: p, " + rest + "}}").listeners["x"];
}

model::EndpointSpec endpoint(const std::string& rest) {
    return configuration_of("endpoints: {x: {protocol: p, " + rest + "}}").endpoints["x"];
}

std::vector<std::string> addresses_of(const model::ListenerSpec& spec) {
    std::vector<std::string> texts;
    for (const auto& [address, place] : spec.listen) texts.push_back(to_string(address));
    return texts;
}

TEST(Units, ListenersHaveTheDefaultsOfTheProduct) {
    const model::ListenerSpec spec = listener("listen: tcp://127.0.0.1:80");
    EXPECT_EQ(spec.name, "x");
    EXPECT_EQ(spec.write_buffer,
              (model::WriteBuffer{
                  64U << 10U, 16U << 10U, 16U << 20U, model::WriteBuffer::Policy::abort}));
    EXPECT_EQ(spec.timeouts.connect, 10s);
    EXPECT_EQ(spec.timeouts.idle, 0s);
    EXPECT_EQ(spec.timeouts.write_stall, 0s);
    EXPECT_EQ(spec.timeouts.drain, 30s);
    EXPECT_TRUE(spec.socket.keepalive);
    EXPECT_TRUE(spec.socket.nodelay);
    EXPECT_EQ(spec.socket.user_timeout, 0s);
    EXPECT_FALSE(spec.socket.reuse_port);
    EXPECT_EQ(spec.socket.backlog, 4096);
    EXPECT_TRUE(spec.socket.ipv6_only);
    EXPECT_EQ(spec.socket.local, std::nullopt);
    EXPECT_EQ(spec.socket.send_buffer, 0U);
    EXPECT_EQ(spec.socket.receive_buffer, 0U);
    EXPECT_FALSE(spec.socket.broadcast);
    EXPECT_TRUE(spec.socket.multicast.empty());
    EXPECT_EQ(spec.socket.mode, std::nullopt);
    EXPECT_EQ(spec.socket.owner, std::nullopt);
    EXPECT_EQ(spec.socket.group, std::nullopt);
    EXPECT_EQ(spec.limits, (model::Limits{0, 0}));
}

TEST(Units, EndpointsHaveTheDefaultsOfTheProduct) {
    const model::EndpointSpec spec = endpoint("connect: tcp://127.0.0.1:9000");
    EXPECT_EQ(spec.remote, std::nullopt);
    EXPECT_EQ(spec.descriptor, -1);
    ASSERT_TRUE(spec.reconnect);
    EXPECT_EQ(spec.reconnect->initial, 100ms);
    EXPECT_EQ(spec.reconnect->max, 30s);
    EXPECT_EQ(spec.reconnect->jitter, 0.2);
    EXPECT_FALSE(spec.required);
    EXPECT_EQ(spec.options.kind, model::Node::Kind::mapping);
    EXPECT_EQ(configuration_of("{}").memory.write_buffers, 1U << 30U);
}

TEST(Units, AllWriteBuffersTogetherHoldOneUpToItsWatermark) {
    const auto accepted = [](const std::string& memory, const std::string& unit) {
        const auto configuration =
            configuration_of("{memory: {write_buffers: " + memory + "}, endpoints: {e: {" + unit +
                             ", protocol: p}}}");
        return configuration.endpoints.contains("e");
    };
    EXPECT_TRUE(accepted("64KiB", "connect: tcp://h:1"));
    EXPECT_TRUE(accepted("1KiB", "connect: tcp://h:1, write_buffer: {high: 1KiB}"));
    EXPECT_TRUE(accepted("1KiB", "read: /run/fifo")) << "nothing is written to it";
}

TEST(Units, AListenerTakesEveryKindOfStream) {
    const model::ListenerSpec spec = listener(
        "listen: [tcp://0.0.0.0:80, unix:///run/web.sock, unix:@web, fd:3, systemd:web.socket],"
        "socket: {mode: 0660, owner: www-data, group: '33', keepalive: false, nodelay: false,"
        "  user_timeout: 30s, reuse_port: true, backlog: 128, send_buffer: 1MiB,"
        "  receive_buffer: 64KiB},"
        "limits: {connections: 1000, per_source: 20},"
        "timeouts: {idle: 5m, write_stall: 0, drain: 0}");
    EXPECT_EQ(addresses_of(spec),
              (std::vector<std::string>{"tcp://0.0.0.0:80",
                                        "unix:///run/web.sock",
                                        "unix:@web",
                                        "fd:3",
                                        "systemd:web.socket"}));
    EXPECT_EQ(spec.socket.mode, 0660U);
    EXPECT_EQ(spec.socket.owner, "www-data");
    EXPECT_EQ(spec.socket.group, "33");
    EXPECT_FALSE(spec.socket.keepalive);
    EXPECT_FALSE(spec.socket.nodelay);
    EXPECT_EQ(spec.socket.user_timeout, 30s);
    EXPECT_TRUE(spec.socket.reuse_port);
    EXPECT_EQ(spec.socket.backlog, 128);
    EXPECT_EQ(spec.socket.send_buffer, 1U << 20U);
    EXPECT_EQ(spec.socket.receive_buffer, 64U << 10U);
    EXPECT_EQ(spec.limits, (model::Limits{1000, 20}));
    EXPECT_EQ(spec.timeouts.idle, 5min);
    EXPECT_EQ(spec.timeouts.write_stall, 0s);
    EXPECT_EQ(spec.timeouts.drain, 0s);
}

TEST(Units, WhatHoldsForAllThatProtocolsOpenMayStandEverywhere) {
    const std::string all =
        ", timeouts: {connect: 3s}, socket: {keepalive: false, nodelay: false, user_timeout: 1s,"
        " backlog: 7, broadcast: true}";
    const auto taken = [](const model::UnitSpec& spec) {
        const model::SocketSettings& socket = spec.socket;
        return spec.timeouts.connect == 3s && !socket.keepalive && !socket.nodelay &&
               socket.user_timeout == 1s && socket.backlog == 7 && socket.broadcast;
    };
    EXPECT_TRUE(taken(listener("listen: unix:///run/web.sock" + all)));
    EXPECT_TRUE(taken(listener("listen: tcp://h:1" + all)));
    EXPECT_TRUE(taken(endpoint("bind: unixgram:@feed" + all)));
    EXPECT_TRUE(taken(endpoint("connect: tcp://h:1" + all)));
}

TEST(Units, ModesAreOctalQuotedOrNot) {
    const auto mode = [](const std::string& text) {
        return listener("listen: unix:///x, socket: {mode: " + text + "}").socket.mode;
    };
    EXPECT_EQ(mode("0660"), 0660U);
    EXPECT_EQ(mode("\"0660\""), 0660U);
    EXPECT_EQ(mode("0777"), 0777U);
    EXPECT_EQ(mode("0"), 0U);
}

TEST(Units, Ipv6OnlyMayBeSetWhereAnAddressMayBeIpv6) {
    EXPECT_FALSE(listener("listen: 'tcp://[::]:80', socket: {ipv6_only: false}").socket.ipv6_only);
    EXPECT_FALSE(listener("listen: tcp://name:80, socket: {ipv6_only: false}").socket.ipv6_only);
}

TEST(Units, AnEndpointConnects) {
    const model::EndpointSpec spec = endpoint(
        "connect: tcp://127.0.0.1:9000, required: true,"
        "reconnect: {initial: 1s, max: 1s, jitter: 1},"
        "timeouts: {connect: 3s, idle: 1m, write_stall: 20s, drain: 5s},"
        "socket: {local: tcp://127.0.0.2:0, keepalive: false}");
    EXPECT_EQ(spec.kind, EndpointKind::connect);
    EXPECT_EQ(to_string(spec.address.value), "tcp://127.0.0.1:9000");
    EXPECT_EQ(to_string(spec.socket.local.value().value), "tcp://127.0.0.2:0");
    const std::string* const place = spec.socket.places.find("socket.local");
    ASSERT_NE(place, nullptr) << "what cannot be had is said with it";
    EXPECT_TRUE(place->ends_with(": endpoints.x.socket.local")) << *place;
    EXPECT_EQ(spec.reconnect, (model::Reconnect{1s, 1s, 1}));
    EXPECT_EQ(spec.timeouts, (model::Timeouts{3s, 1min, 20s, 5s}));
    EXPECT_TRUE(spec.required);
}

TEST(Units, AnEndpointConnectsToEveryKindOfAddress) {
    for (const std::string address : {"udp://[::1]:53",
                                      "unix:///run/x.sock",
                                      "unix:@x",
                                      "unixgram:///run/log",
                                      "unixgram:@log"}) {
        const model::EndpointSpec spec = endpoint("connect: '" + address + "'");
        EXPECT_EQ(to_string(spec.address.value), address);
        EXPECT_EQ(spec.reconnect, model::Reconnect{});
    }
    EXPECT_TRUE(
        endpoint("connect: udp://255.255.255.255:9, socket: {broadcast: true}").socket.broadcast);
    const auto local = endpoint("connect: unixgram:@peer, socket: {local: unixgram:@me}").socket;
    EXPECT_EQ(to_string(local.local.value().value), "unixgram:@me");
}

TEST(Units, AnEndpointMayReconnectNeverOrByTheDefault) {
    EXPECT_EQ(endpoint("connect: tcp://h:1, reconnect: never").reconnect, std::nullopt);
    EXPECT_EQ(endpoint("connect: tcp://h:1, reconnect: ").reconnect, model::Reconnect{});
    EXPECT_EQ(endpoint("connect: tcp://h:1, reconnect: {}").reconnect, model::Reconnect{});
    EXPECT_EQ(endpoint("connect: tcp://h:1, reconnect: {jitter: 0}").reconnect,
              (model::Reconnect{100ms, 30s, 0}));
}

TEST(Units, AnEndpointBindsADatagramSocket) {
    const model::EndpointSpec spec = endpoint(
        "bind: udp://0.0.0.0:5353, remote: udp://224.0.0.251:5353, timeouts: {drain: 1s},"
        "socket: {broadcast: true, reuse_port: true, receive_buffer: 4MiB,"
        "  multicast: [224.0.0.251, {group: 239.1.2.3, interface: eth0}, {group: 239.1.2.3}]}");
    EXPECT_EQ(spec.kind, EndpointKind::bind);
    EXPECT_EQ(to_string(spec.address.value), "udp://0.0.0.0:5353");
    EXPECT_EQ(to_string(spec.remote.value().value), "udp://224.0.0.251:5353");
    EXPECT_TRUE(spec.socket.broadcast);
    EXPECT_EQ(spec.socket.multicast,
              (std::vector<model::MulticastGroup>{
                  {"224.0.0.251", ""}, {"239.1.2.3", "eth0"}, {"239.1.2.3", ""}}));
    EXPECT_EQ(spec.reconnect, std::nullopt) << "what is bound is not opened again";
}

TEST(Units, AnEndpointBindsUnixSocketsAndDescriptors) {
    const auto log = endpoint("bind: unixgram:///run/log, socket: {mode: 0622, owner: root}");
    EXPECT_EQ(log.address.value.kind, Kind::unixgram_path);
    EXPECT_EQ(log.socket.mode, 0622U);
    EXPECT_EQ(endpoint("bind: unixgram:@log").address.value.kind, Kind::unixgram_abstract);
    const auto inherited = endpoint(
        "bind: fd:4, remote: unixgram:@x, socket: {broadcast: true, multicast: [ff15::7]}");
    EXPECT_EQ(inherited.address.value.descriptor, 4);
    EXPECT_EQ(inherited.remote.value().value.path, "x");
    const auto named = endpoint("bind: systemd:dns, remote: udp://127.0.0.1:53");
    EXPECT_EQ(named.address.value.path, "dns");
}

TEST(Units, WhatIsPassedByNameMayHaveAllThatItsSocketsCanHave) {
    const model::ListenerSpec spec = listener(
        "listen: systemd:web, limits: {per_source: 20}, timeouts: {idle: 5m},"
        "proxy_protocol: {trusted: [10.0.0.0/8]}, tls: {certificates: [/a.pem]}");
    EXPECT_EQ(spec.limits.per_source, 20U);
    EXPECT_TRUE(spec.tls);
    const auto groups = endpoint("bind: systemd:dns, socket: {multicast: [ff15::7]}");
    EXPECT_EQ(groups.socket.multicast.size(), 1U);
}

TEST(Units, AnEndpointTakesAConnectionThatIsThere) {
    const auto given = endpoint("connect: fd:6, socket: {keepalive: false}, timeouts: {idle: 1h}");
    EXPECT_EQ(given.kind, EndpointKind::connect);
    EXPECT_EQ(given.address.value.descriptor, 6);
    EXPECT_EQ(given.reconnect, std::nullopt) << "a descriptor is not opened again";
}

TEST(Units, AnEndpointReadsAndWritesPipes) {
    const auto fifo = endpoint("read: /run/some.fifo, timeouts: {idle: 1h}, reconnect: {max: 1s}");
    EXPECT_EQ(fifo.kind, EndpointKind::read);
    EXPECT_EQ(fifo.path.value, "/run/some.fifo");
    EXPECT_EQ(fifo.descriptor, -1);
    EXPECT_EQ(fifo.reconnect, (model::Reconnect{100ms, 1s, 0.2}));
    const auto inherited =
        endpoint("write: fd:5, write_buffer: {limit: 1GiB}, timeouts: {write_stall: 1s}");
    EXPECT_EQ(inherited.kind, EndpointKind::write);
    EXPECT_EQ(inherited.path.value, "");
    EXPECT_EQ(inherited.descriptor, 5);
    EXPECT_EQ(inherited.reconnect, std::nullopt) << "a descriptor is not opened again";
}

TEST(Units, RememberWhereTheyWereWritten) {
    const ScratchFolder folder;
    const auto file = folder.write("a.yaml",
                                   "endpoints:\n"
                                   "  a: {read: fd:3, protocol: p}\n"
                                   "  b: {bind: udp://h:1, remote: udp://h:2, protocol: p/f}\n");
    const auto configuration = load(file);
    ASSERT_TRUE(configuration) << messages_of(file);
    const auto at = [&](const char* position) { return file.string() + position; };
    const auto& a = configuration->endpoints.at("a");
    const auto& b = configuration->endpoints.at("b");
    EXPECT_EQ(to_string(a.place), at(":2:3"));
    EXPECT_EQ(to_string(a.path.place), at(":2:13"));
    EXPECT_EQ(to_string(b.address.place), at(":3:13"));
    EXPECT_EQ(to_string(b.remote.value().place), at(":3:32"));
    EXPECT_EQ(to_string(b.options.place, b.options.path), at(":3:3: endpoints.b.options"));
}

TEST(Units, ReusePortLetsTwoUnitsHaveOneAddress) {
    const auto configuration = configuration_of(
        "listeners:\n"
        "  a: {listen: tcp://127.0.0.1:80, protocol: p, socket: {reuse_port: true}}\n"
        "  b: {listen: tcp://127.0.0.1:80, protocol: p, socket: {reuse_port: true}}\n"
        "endpoints:\n"
        "  c: {bind: udp://127.0.0.1:80, protocol: p, socket: {reuse_port: true}}\n"
        "  d: {bind: udp://127.0.0.1:80, protocol: p, socket: {reuse_port: true}}\n");
    EXPECT_EQ(configuration.listeners.size() + configuration.endpoints.size(), 4U);
}

TEST(Units, WhatIsNotTheSameAddressIsNotTaken) {
    const auto configuration = configuration_of(
        "control: {socket: /run/a}\n"
        "listeners:\n"
        "  a: {listen: [tcp://h:80, tcp://h:81, tcp://i:80, unix:@/run/a, unix:///run/b, fd:3,"
        " systemd:a, tcp://h:0, tcp://h:0], protocol: p}\n"
        "endpoints:\n"
        "  b: {bind: udp://h:80, protocol: p}\n"
        "  c: {bind: unixgram:@a, protocol: p}\n"
        "  d: {connect: tcp://h:80, protocol: p, socket: {local: tcp://h:80}}\n"
        "  e: {connect: tcp://h:80, protocol: p}\n"
        "  f: {read: /run/b, protocol: p}\n"
        "  g: {write: /run/b, protocol: p}\n"
        "  h: {write: fd:4, protocol: p}\n"
        "  i: {bind: systemd:a, protocol: p}\n");
    EXPECT_EQ(configuration.endpoints.size(), 8U);
}

TEST(Units, EndpointsOfAllFilesAreUnited) {
    const ScratchFolder folder;
    const auto file =
        folder.write("main.yaml", "endpoints: {a: {connect: tcp://h:1, protocol: p}}\n");
    folder.write("conf.d/1.yaml", "endpoints: {b: {bind: udp://h:1, protocol: p}}\n");
    folder.write("conf.d/2.yaml", "endpoints:\nmemory: {write_buffers: 2GiB}\n");
    const auto configuration = load(file);
    ASSERT_TRUE(configuration) << messages_of(file);
    EXPECT_EQ(configuration->endpoints.size(), 2U);
    EXPECT_EQ(configuration->endpoints.at("a").kind, EndpointKind::connect);
    EXPECT_EQ(configuration->endpoints.at("b").kind, EndpointKind::bind);
    EXPECT_EQ(configuration->memory.write_buffers, std::uint64_t{2} << 30U);
}

TEST(Units, OneNameAndOneAddressOverAllFiles) {
    const ScratchFolder folder;
    const auto file = folder.write(
        "main.yaml",
        "endpoints: {web: {bind: udp://h:1, protocol: p}}\nmemory: {write_buffers: 1GiB}\n");
    folder.write("conf.d/1.yaml",
                 "listeners: {web: {listen: unix:///run/x, protocol: p}}\n"
                 "endpoints: {web: {bind: udp://h:2, protocol: p}}\n"
                 "memory: {write_buffers: 2GiB}\n");
    folder.write("conf.d/2.yaml",
                 "endpoints: {b: {bind: udp://H:1, protocol: p}}\ncontrol: {socket: /run/x}\n");
    EXPECT_EQ(messages_of(file),
              "conf.d/1.yaml:1:13: listeners.web: the name is already taken by endpoints.web at "
              "main.yaml:1:13 (rename one of the two)\n"
              "conf.d/1.yaml:2:13: endpoints.web: already set at main.yaml:1:13 "
              "(remove one of the two)\n"
              "conf.d/1.yaml:3:10: memory.write_buffers: already set at main.yaml:2:10 "
              "(remove one of the two)\n"
              "conf.d/2.yaml:1:23: endpoints.b.bind: udp://H:1 is already taken by endpoints.web "
              "at main.yaml:1:25 (choose another, or set socket.reuse_port in both)\n"
              "conf.d/2.yaml:2:19: control.socket: unix:///run/x is already taken by listeners.web "
              "at conf.d/1.yaml:1:27 (choose another)\n");
}

TEST(Units, NothingIsSaidToHaveNoEffectWhereTheAddressIsWrong) {
    const ScratchFolder folder;
    const auto file = folder.write("a.yaml",
                                   "endpoints:\n"
                                   "  a: {connect: tcp://, protocol: p, socket: {nodelay: true, "
                                   "broadcast: true}, timeouts: {idle: 1s}}\n");
    EXPECT_EQ(messages_of(file),
              "a.yaml:2:16: endpoints.a.connect: expected an address such as tcp://127.0.0.1:7007, "
              "found \"tcp://\" (the host is missing; every address is 0.0.0.0 or [::])\n");
}

}  // namespace
}  // namespace protohost::config

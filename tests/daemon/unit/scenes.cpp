// SPDX-License-Identifier: MIT
#include "tests/daemon/unit/scenes.hpp"

#include <array>
#include <fcntl.h>
#include <ostream>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <gtest/gtest.h>

namespace protohost::unit::testing {

namespace {

std::string uri(const net::testing::Endpoint& endpoint) {
    return endpoint.address().uri();
}

std::string with_name(const net::testing::Endpoint& endpoint) {
    return "tcp://name.test:" + std::to_string(endpoint.address().port());
}

std::string unused_name() {
    static unsigned last = 0;
    return "@protohost-unit-" + std::to_string(::getpid()) + "-" + std::to_string(++last);
}

int listening_socket() {
    const net::SocketAddress any = *net::numeric({.host = "127.0.0.1"});
    base::Descriptor socket(::socket(AF_INET, SOCK_STREAM, 0));
    EXPECT_EQ(::bind(socket.get(), any.data(), any.size()), 0);
    EXPECT_EQ(::listen(socket.get(), 8), 0);
    return socket.release();
}

Scene server(std::string name,
             Attempt::Serve ph_loop_api::*service,
             std::function<void(Peers&, Attempt&)> ask) {
    return {std::move(name), 0, [service, ask = std::move(ask)](Peers& peers, Attempt& attempt) {
                ask(peers, attempt);
                attempt.serve(service);
            }};
}

Scene stream(std::string name,
             Attempt::Open ph_loop_api::*service,
             std::function<void(Peers&, Attempt&)> ask) {
    return {std::move(name),
            PH_STREAM,
            [service, ask = std::move(ask)](Peers& peers, Attempt& attempt) {
                ask(peers, attempt);
                attempt.open(service);
            }};
}

Scene datagram(std::string name, std::function<void(Peers&, Attempt&)> ask) {
    Scene scene = stream(std::move(name), &ph_loop_api::create_datagram_endpoint, std::move(ask));
    scene.kind = PH_DATAGRAM;
    return scene;
}

std::vector<Scene> servers() {
    using Api = ph_loop_api;
    return {
        server("ServerByNumber",
               &Api::create_server,
               [](Peers&, Attempt& it) { it.address = "tcp://127.0.0.1:0"; }),
        server("ServerByName",
               &Api::create_server,
               [](Peers&, Attempt& it) { it.address = "tcp://name.test:0"; }),
        server("ServerWithSocket",
               &Api::create_server,
               [](Peers&, Attempt& it) { it.descriptor = listening_socket(); }),
        server("UnixServerAtPath",
               &Api::create_unix_server,
               [](Peers& peers, Attempt& it) { it.address = "unix://" + peers.folder / "own"; }),
        server("UnixServerByName",
               &Api::create_unix_server,
               [](Peers&, Attempt& it) { it.address = "unix:" + unused_name(); }),
    };
}

std::vector<Scene> streams() {
    using Api = ph_loop_api;
    return {
        stream("ConnectionByNumber",
               &Api::create_connection,
               [](Peers& peers, Attempt& it) { it.address = uri(peers.tcp); }),
        stream("ConnectionByName",
               &Api::create_connection,
               [](Peers& peers, Attempt& it) { it.address = with_name(peers.tcp); }),
        stream("ConnectionFromAnAddress",
               &Api::create_connection,
               [](Peers& peers, Attempt& it) {
                   it.address = uri(peers.tcp);
                   it.local = "tcp://127.0.0.2:0";
               }),
        stream("ConnectionWithSocket",
               &Api::create_connection,
               [](Peers& peers, Attempt& it) { it.descriptor = peers.socket_end(SOCK_STREAM); }),
        stream("UnixConnection",
               &Api::create_unix_connection,
               [](Peers& peers, Attempt& it) { it.address = "unix://" + peers.unix_path(); }),
        stream("AcceptedSocket",
               &Api::connect_accepted_socket,
               [](Peers& peers, Attempt& it) { it.descriptor = peers.socket_end(SOCK_STREAM); }),
        stream("ReadPipe",
               &Api::connect_read_pipe,
               [](Peers& peers, Attempt& it) { it.descriptor = peers.pipe_end(0); }),
        stream("WritePipe",
               &Api::connect_write_pipe,
               [](Peers& peers, Attempt& it) { it.descriptor = peers.pipe_end(1); }),
    };
}

std::vector<Scene> datagrams() {
    return {
        datagram("DatagramsAtAnAddress",
                 [](Peers&, Attempt& it) { it.local = "udp://127.0.0.1:0"; }),
        datagram("DatagramsToAnAddress",
                 [](Peers&, Attempt& it) { it.address = "udp://127.0.0.1:9"; }),
        datagram("DatagramsFromNameToName",
                 [](Peers&, Attempt& it) {
                     it.address = "udp://name.test:9";
                     it.local = "udp://other.test:0";
                 }),
        datagram("DatagramsWithSocket",
                 [](Peers& peers, Attempt& it) { it.descriptor = peers.socket_end(SOCK_DGRAM); }),
        datagram("DatagramsAtAPath",
                 [](Peers& peers, Attempt& it) {
                     it.local = "unixgram://" + peers.folder / "datagrams";
                 }),
    };
}

Scene process(std::string name, std::function<void(Attempt&)> ask) {
    return {std::move(name), PH_SUBPROCESS, [ask = std::move(ask)](Peers&, Attempt& attempt) {
                ask(attempt);
                attempt.run(&ph_loop_api::subprocess_exec);
            }};
}

std::vector<Scene> processes() {
    std::vector<Scene> all{
        process("Process",
                [](Attempt& it) {
                    it.arguments = {"sleep", "1000"};
                }),
        process("ProcessOnATerminal",
                [](Attempt& it) {
                    it.arguments = {"sleep", "1000"};
                    it.options.pty.emplace();
                }),
        process("ProcessOfAUser",
                [](Attempt& it) {
                    it.arguments = {"sleep", "1000"};
                    it.options.user = std::to_string(::geteuid());  // which is looked up elsewhere
                }),
        {"ShellProcess", PH_SUBPROCESS, [](Peers&, Attempt& it) {
             it.arguments = {"sleep 1000; true"};
             it.run(&ph_loop_api::subprocess_shell);
         }}};
    return all;
}

}  // namespace

Peers::Peers() {
    tcp.listen();
    const auto at = *net::SocketAddress::of_unix(address("unix://" + unix_path()));
    unix_server_ = base::Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(unix_server_.get(), at.data(), at.size()), 0);
    EXPECT_EQ(::listen(unix_server_.get(), 64), 0);
}

int Peers::socket_end(int type) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, type, 0, ends.data()), 0);
    kept_.emplace_back(ends[0]);
    return ends[1];
}

int Peers::pipe_end(int end) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    if (end == 1) std::swap(ends[0], ends[1]);
    kept_.emplace_back(ends[1]);
    return ends[0];
}

void Peers::leave() {
    kept_.clear();
    tcp.accept_all();
}

void PrintTo(const Scene& scene, std::ostream* out) {
    *out << scene.name;
}

std::vector<Scene> good_openings() {
    std::vector<Scene> all = streams();
    for (auto& scene : datagrams()) all.push_back(std::move(scene));
    for (auto& scene : processes()) all.push_back(std::move(scene));
    return all;
}

std::vector<Scene> good_scenes() {
    std::vector<Scene> all = servers();
    for (auto& scene : good_openings()) all.push_back(std::move(scene));
    return all;
}

net::Resolver::Answer loopback(const model::Address& address) {
    return std::vector{*net::numeric({.host = "127.0.0.1", .port = address.port})};
}

}  // namespace protohost::unit::testing

// SPDX-License-Identifier: MIT
#include "daemon/net/connector.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <future>
#include <netinet/tcp.h>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/net/connect_rig.hpp"
#include "tests/daemon/net/scratch_folder.hpp"

namespace protohost::net::testing {
namespace {

using namespace std::chrono_literals;

std::string refused(const SocketAddress& address) {
    return "connect to " + address.text() + " failed: Connection refused";
}

int option(int fd, int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    EXPECT_EQ(::getsockopt(fd, level, name, &value, &size), 0);
    return value;
}

TEST(Connector, ConnectsInBothFamiliesWithTheSocketAsConfigured) {
    for (const std::string host : {"127.0.0.1", "::1"}) {
        Rig rig;
        Client client(rig);
        Endpoint server(host);
        server.listen();
        client.settings.user_timeout = 7s;
        client.settings.receive_buffer = 8192;
        client.try_connect(server.tcp());
        ASSERT_EQ(client.connections, 1u);
        EXPECT_EQ(client.peer, server.address());
        const int fd = client.socket.get();
        EXPECT_EQ(SocketAddress::peer_of(fd), server.address());
        EXPECT_NE(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
        EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
        EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
        EXPECT_EQ(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
        EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 7000);
        EXPECT_EQ(option(fd, SOL_SOCKET, SO_RCVBUF), 2 * 8192);
        EXPECT_TRUE(server.accept());
        EXPECT_TRUE(rig.idle());
        EXPECT_EQ(client.connections + client.errors.size(), 1u);
    }
}

TEST(Connector, SaysWhoRefused) {
    Rig rig;
    Client client(rig);
    const Endpoint nobody;
    client.try_connect(nobody.tcp());
    EXPECT_EQ(client.errors,
              (std::vector<ConnectError>{{PH_E_OS, ECONNREFUSED, refused(nobody.address())}}));
}

TEST(Connector, ANameThatDoesNotResolveIsItsOwnStatus) {
    Rig rig;
    Client client(rig, [](const model::Address& address) -> Resolver::Answer {
        return base::failure("w", "the name \"" + address.host + "\" does not resolve: no", "h");
    });
    client.try_connect(name("foo.invalid"));
    EXPECT_EQ(client.errors,
              (std::vector<ConnectError>{
                  {PH_E_RESOLVE, 0, "the name \"foo.invalid\" does not resolve: no"}}));
}

TEST(Connector, ALocalNameThatDoesNotResolveIsSaidWithItsPlace) {
    Rig rig;
    Client client(rig, [](const model::Address& address) -> Resolver::Answer {
        return base::failure("w", "the name \"" + address.host + "\" does not resolve: no", "h");
    });
    client.settings.local = {name("own.invalid"), {}};
    client.settings.places.known["socket.local"] = "p.yaml:9:7: endpoints.x.socket.local";
    client.try_connect(name("foo.invalid"));
    EXPECT_EQ(client.errors,
              (std::vector<ConnectError>{{PH_E_RESOLVE,
                                          0,
                                          "p.yaml:9:7: endpoints.x.socket.local: the name "
                                          "\"own.invalid\" does not resolve: no"}}));
}

TEST(Connector, GivesUpAtTheDeadlineInEveryStage) {
    std::promise<void> gate;
    const auto slow = [open = gate.get_future().share()](const auto&) -> Resolver::Answer {
        open.wait();
        return base::failure("", "too late");
    };
    Rig rig;
    Client resolving(rig, slow);
    resolving.try_connect(name(), 20ms);
    EXPECT_EQ(resolving.errors,
              (std::vector<ConnectError>{{PH_E_TIMEOUT,
                                          0,
                                          "connect to tcp://name.test:1 gave up after 20ms: the "
                                          "name is still being resolved"}}));

    Endpoint hole;
    hole.become_black_hole();
    Client connecting(rig);
    connecting.try_connect(hole.tcp(), 20ms);
    EXPECT_EQ(connecting.errors,
              (std::vector<ConnectError>{
                  {PH_E_TIMEOUT,
                   0,
                   "connect to tcp://" + hole.address().text() + " gave up after 20ms"}}));

    const Endpoint nobody;
    Client half(rig, always({nobody.address(), hole.address()}));
    half.try_connect(name(), 20ms);
    EXPECT_EQ(half.errors,
              (std::vector<ConnectError>{{PH_E_TIMEOUT,
                                          0,
                                          "connect to tcp://name.test:1 gave up after 20ms: " +
                                              refused(nobody.address())}}));
    gate.set_value();
}

TEST(Connector, ADeadFirstFamilyCostsOneHeadStart) {
    Rig rig;
    Endpoint dead("::1");
    dead.become_black_hole();
    Endpoint alive;
    alive.listen();
    // The second of the dead family has its turn after the first of the other.
    Client client(rig, always({dead.address(), dead.address(), alive.address()}));
    const auto begin = std::chrono::steady_clock::now();
    client.try_connect(name());
    const auto taken = std::chrono::steady_clock::now() - begin;
    ASSERT_EQ(client.connections, 1u);
    EXPECT_EQ(client.peer, alive.address());
    EXPECT_GE(taken, 250ms);
    EXPECT_LT(taken, 500ms) << "it waited for the second of the dead family";
}

TEST(Connector, AFailureStartsTheNextAtOnce) {
    Rig rig;
    const Endpoint nobody;
    Endpoint alive;
    alive.listen();
    std::vector<SocketAddress> addresses(20, nobody.address());
    addresses.push_back(alive.address());
    Client client(rig, always(addresses));
    const auto begin = std::chrono::steady_clock::now();
    client.try_connect(name());
    EXPECT_EQ(client.connections, 1u);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 20 * 250ms / 2);
}

TEST(Connector, SeveralErrorsBecomeOne) {
    Rig rig;
    const Endpoint one;
    const Endpoint two("::1");
    Client different(rig, always({one.address(), two.address()}));
    different.try_connect(name());
    EXPECT_EQ(different.errors,
              (std::vector<ConnectError>{
                  {PH_E_OS,
                   ECONNREFUSED,
                   "Multiple errors: " + refused(one.address()) + ", " + refused(two.address())}}));

    Client same(rig, always({one.address(), one.address(), one.address()}));
    same.try_connect(name());
    EXPECT_EQ(same.errors,
              (std::vector<ConnectError>{{PH_E_OS, ECONNREFUSED, refused(one.address())}}));

    // Nothing connects to a broadcast address over TCP.
    const SocketAddress broadcast = *numeric({.host = "255.255.255.255", .port = 1});
    Client unlike(rig, always({one.address(), broadcast}));
    unlike.try_connect(name());
    ASSERT_EQ(unlike.errors.size(), 1u);
    EXPECT_EQ(unlike.errors[0].status, PH_E_FAIL);
    EXPECT_EQ(unlike.errors[0].os_errno, 0);
    EXPECT_EQ(unlike.errors[0].text.find("Multiple errors: " + refused(one.address())), 0u);
}

TEST(Connector, OfTwoThatConnectInOneBatchOneWinsAndTheOtherSeesTheEnd) {
    Rig rig;
    Endpoint first("::1");
    Endpoint second;
    first.become_black_hole();
    second.become_black_hole();
    Client client(rig, always({first.address(), second.address()}));
    const std::size_t before = open_descriptors();
    client.connect(name());
    rig.run_until([&] { return open_descriptors() == before + 2; });

    // The loop stands still until the kernel has connected both.
    first.make_room();
    second.make_room();
    std::array<Peer, 2> accepted{Peer(first.accept().release()), Peer(second.accept().release())};
    rig.run_until([&] { return client.ended(); });
    ASSERT_EQ(client.connections, 1u);

    ASSERT_EQ(::send(client.socket.get(), "here", 4, MSG_NOSIGNAL), 4);
    const std::size_t winner = client.peer == first.address() ? 0 : 1;
    EXPECT_EQ(accepted[winner].receive(), "here");
    EXPECT_EQ(accepted[1 - winner].receive(), "") << "the loser is closed";
    client.socket.close();
    EXPECT_EQ(accepted[winner].receive(), "");
    EXPECT_TRUE(rig.idle());
    EXPECT_EQ(client.connections + client.errors.size(), 1u);
}

TEST(Connector, BindsToTheLocalAddressAndTriesItsFamilyOnly) {
    Rig rig;
    Endpoint server;
    server.listen();
    const Endpoint other("::1");
    const auto lookup = [&](const model::Address& address) -> Resolver::Answer {
        if (address == name()) return std::vector{other.address(), server.address()};
        return std::vector{*numeric({.host = "::1", .port = 0}),
                           *numeric({.host = "127.0.0.8", .port = 0})};
    };
    Client client(rig, lookup);
    client.settings.local = {{.host = "127.0.0.7", .port = 0}, {}};
    client.try_connect(name());
    ASSERT_EQ(client.connections, 1u);
    EXPECT_EQ(SocketAddress::local_of(client.socket.get()).text().find("127.0.0.7:"), 0u);

    // The local address may be a name, too; and each family takes its own.
    client.settings.local = {name("here.test"), {}};
    client.try_connect(name());
    ASSERT_EQ(client.connections, 1u);
    EXPECT_EQ(SocketAddress::local_of(client.socket.get()).text().find("127.0.0.8:"), 0u);
}

TEST(Connector, SaysWhatIsWrongWithTheLocalAddress) {
    Rig rig;
    Endpoint server;
    server.listen();
    Client client(rig);
    const auto error_of = [&](const model::Address& remote, const model::Address& local) {
        client.settings.local = {local, {}};
        client.try_connect(remote);
        return client.errors.empty() ? ConnectError{PH_OK, 0, "connected"} : client.errors[0];
    };
    EXPECT_EQ(error_of(server.tcp(), {.host = "192.0.2.1", .port = 7}),
              (ConnectError{PH_E_OS,
                            EADDRNOTAVAIL,
                            "cannot bind to 192.0.2.1:7: Cannot assign requested address (no "
                            "interface of this machine has that address)"}));
    EXPECT_EQ(error_of(server.tcp(), server.tcp()).os_errno, EADDRINUSE);
    EXPECT_EQ(error_of(server.tcp(), {.host = "::1", .port = 0}),
              (ConnectError{PH_E_INVAL,
                            0,
                            model::to_string(server.tcp()) +
                                " has no address of the family of tcp://[::1]:0"}));
    const model::Address abstract = unix_address(model::Address::Kind::unix_abstract, "x");
    EXPECT_EQ(error_of(server.tcp(), abstract),
              (ConnectError{PH_E_INVAL,
                            0,
                            "cannot connect to " + model::to_string(server.tcp()) + " from " +
                                model::to_string(abstract)}));
    EXPECT_EQ(error_of(abstract, server.tcp()),
              (ConnectError{PH_E_INVAL,
                            0,
                            "cannot connect to " + model::to_string(abstract) + " from " +
                                model::to_string(server.tcp())}));
    client.settings.places.known["socket.local"] = "p.yaml:9:7: endpoints.feed.socket.local";
    EXPECT_EQ(error_of(server.tcp(), {.host = "192.0.2.1", .port = 7}).text,
              "p.yaml:9:7: endpoints.feed.socket.local: cannot bind to 192.0.2.1:7: Cannot assign "
              "requested address (no interface of this machine has that address)");
    EXPECT_EQ(error_of(server.tcp(), {.host = "::1", .port = 0}).text,
              "p.yaml:9:7: endpoints.feed.socket.local: " + model::to_string(server.tcp()) +
                  " has no address of the family of tcp://[::1]:0");
    client.settings.local.reset();
    const model::Address udp{.kind = model::Address::Kind::udp, .host = "127.0.0.1", .port = 1};
    client.try_connect(udp);
    EXPECT_EQ(client.errors,
              (std::vector<ConnectError>{
                  {PH_E_INVAL, 0, "no stream can connect to " + model::to_string(udp)}}));
}

TEST(Connector, AUnixConnectionComesFromItsLocalAddress) {
    using Kind = model::Address::Kind;
    const ScratchFolder folder;
    Rig rig;
    const base::Descriptor server(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const model::Address at = unix_address(Kind::unix_path, folder / "server");
    const auto address = SocketAddress::of_unix(at).value();
    ASSERT_EQ(::bind(server.get(), address.data(), address.size()), 0);
    ASSERT_EQ(::listen(server.get(), 4), 0);
    const std::string own = folder / "own";
    const std::vector<std::pair<model::Address, std::string>> names{
        {unix_address(Kind::unix_path, own), own},
        {unix_address(Kind::unix_abstract, own), "@" + own}};
    for (const auto& [local, text] : names) {
        Client client(rig);
        client.settings.local = {local, {}};
        client.try_connect(at);
        ASSERT_EQ(client.connections, 1u) << client.errors.front().text;
        const base::Descriptor accepted(::accept4(server.get(), nullptr, nullptr, SOCK_CLOEXEC));
        EXPECT_EQ(SocketAddress::peer_of(accepted.get()).text(), text);
        EXPECT_EQ(folder.names(), local.kind == Kind::unix_path ? "own own.lock server" : "server");
        Client second(rig);
        second.settings.local = {local, {}};
        second.try_connect(at);
        ASSERT_EQ(second.errors.size(), 1u) << "the name is taken";
        EXPECT_EQ(second.errors.front().status, PH_E_OS);
        EXPECT_EQ(second.errors.front().os_errno, EADDRINUSE);
    }
    EXPECT_EQ(folder.names(), "server") << "the file goes with its connection";
}

TEST(Connector, AUnixConnectionThatFailsLeavesNoFile) {
    using Kind = model::Address::Kind;
    const ScratchFolder folder;
    Rig rig;
    Client client(rig);
    client.settings.local = {unix_address(Kind::unix_path, folder / "own"), {}};
    client.try_connect(unix_address(Kind::unix_path, folder / "nobody"));
    ASSERT_EQ(client.errors.size(), 1u);
    EXPECT_EQ(client.errors.front().os_errno, ENOENT);
    EXPECT_EQ(folder.names(), "");
    client.settings.local = {unix_address(Kind::unix_path, "/nonexistent/own"), {}};
    client.try_connect(unix_address(Kind::unix_path, folder / "nobody"));
    ASSERT_EQ(client.errors.size(), 1u);
    EXPECT_EQ(client.errors.front().text,
              "cannot bind to /nonexistent/own: the folder /nonexistent of /nonexistent/own does "
              "not exist (make it, or choose another path)");
}

TEST(Connector, ItselfIsNoPeer) {
    Rig rig;
    Client client(rig);
    int on = 1;
    for (const std::string host : {"127.0.0.1", "::1"}) {
        // The port stays ours: who binds to it must want to share it, as the connector does.
        base::Descriptor keeper;
        SocketAddress address = *numeric({.host = host, .port = 0});
        keeper = base::Descriptor(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
        ::setsockopt(keeper.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        ASSERT_EQ(::bind(keeper.get(), address.data(), address.size()), 0);
        address = SocketAddress::local_of(keeper.get());
        const model::Address same{.host = host, .port = address.port()};
        client.settings.local = {same, {}};
        client.try_connect(same);
        EXPECT_EQ(client.errors,
                  (std::vector<ConnectError>{{PH_E_OS, ECONNREFUSED, refused(address)}}));
        // Nothing of it remains in TIME_WAIT, where it would be in the way of one who does not
        // share.
        keeper = base::Descriptor(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(::bind(keeper.get(), address.data(), address.size()), 0);
    }
}

TEST(Connector, OutOfDescriptorsIsAnErrorLikeOthers) {
    Rig rig;
    Client client(rig);
    Endpoint server;
    server.listen();
    const base::Descriptor next(::fcntl(0, F_DUPFD_CLOEXEC, 0));
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const rlimit lower{static_cast<rlim_t>(next.get()) + 1, limit.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &lower);
    client.try_connect(server.tcp());
    ::setrlimit(RLIMIT_NOFILE, &limit);
    EXPECT_EQ(client.errors,
              (std::vector<ConnectError>{
                  {PH_E_OS,
                   EMFILE,
                   "connect to " + server.address().text() + " failed: Too many open files"}}));
    client.try_connect(server.tcp());
    EXPECT_EQ(client.connections, 1u);
}

}  // namespace
}  // namespace protohost::net::testing

// SPDX-License-Identifier: MIT
#include "daemon/net/acceptor.hpp"

#include <cerrno>
#include <filesystem>
#include <memory>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/net/rig.hpp"

namespace protohost::net::testing {
namespace {

/// Keeps what was accepted.
class Keeper final : public AcceptorOwner {
public:
    void accepted(base::Descriptor socket, const SocketAddress& peer) override {
        sockets.push_back(std::move(socket));
        peers.push_back(peer.text());
    }
    void accepting_suspended(int os_errno) override { suspensions.push_back(os_errno); }
    void accepting_resumed(unsigned times) override { resumed = times; }

    std::vector<base::Descriptor> sockets;
    std::vector<std::string> peers;
    std::vector<int> suspensions;
    unsigned resumed = 0;
};

base::Descriptor connect_to(const SocketAddress& address) {
    base::Descriptor socket(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(socket.get(), address.data(), address.size()), 0);
    return socket;
}

std::unique_ptr<Acceptor> listen_on(Loop& loop, const std::string& host) {
    auto bound = Acceptor::bind(loop, {.host = host, .port = 0}, {}, "test");
    return bound ? std::move(bound->front()) : nullptr;
}

/// One that does not accept for now, and a client in its queue.
struct Paused {
    Rig rig;
    Keeper keeper;
    std::unique_ptr<Acceptor> acceptor = listen_on(rig.loop, "127.0.0.1");
    base::Descriptor client;

    Paused() {
        acceptor->start(keeper);
        acceptor->pause();
        client = connect_to(acceptor->local());
        rig.run_ready();
        EXPECT_TRUE(keeper.sockets.empty());
        EXPECT_TRUE(rig.idle()) << "who waits does not keep the loop awake";
    }
};

TEST(Acceptor, TakesAFreePortAndAcceptsFromBothFamilies) {
    for (const std::string host : {"127.0.0.1", "::1"}) {
        Rig rig;
        Keeper keeper;
        const auto acceptor = listen_on(rig.loop, host);
        ASSERT_NE(acceptor, nullptr);
        EXPECT_NE(acceptor->local().port(), 0);
        acceptor->start(keeper);
        const base::Descriptor client = connect_to(acceptor->local());
        rig.run_until([&] { return keeper.sockets.size() == 1; });
        EXPECT_EQ(keeper.peers[0], SocketAddress::local_of(client.get()).text());
    }
}

TEST(Acceptor, AcceptsWhoIsInTheQueueBeforeItGoes) {
    Rig rig;
    Keeper keeper;
    std::vector<std::unique_ptr<Acceptor>> acceptors;
    acceptors.push_back(listen_on(rig.loop, "127.0.0.1"));
    acceptors.front()->start(keeper);
    const base::Descriptor first = connect_to(acceptors.front()->local());
    const base::Descriptor second = connect_to(acceptors.front()->local());
    acceptors.front()->accept_waiting();
    Acceptor::retire(rig.loop, acceptors);
    EXPECT_EQ(keeper.sockets.size(), 2U);
    EXPECT_TRUE(acceptors.empty());
}

TEST(Acceptor, AcceptsWhoWaitsForTheLastTimeAlsoWhileItIsPaused) {
    Paused paused;
    paused.acceptor->accept_waiting();
    EXPECT_EQ(paused.keeper.sockets.size(), 1U);
}

TEST(Acceptor, AcceptsNobodyForTheLastTimeWhereNobodyOwnsIt) {
    Rig rig;
    const auto acceptor = listen_on(rig.loop, "127.0.0.1");
    const base::Descriptor client = connect_to(acceptor->local());
    acceptor->accept_waiting();
    EXPECT_TRUE(rig.idle());
}

TEST(Acceptor, ClientsWaitInTheQueueBeforeStart) {
    Rig rig;
    Keeper keeper;
    const auto acceptor = listen_on(rig.loop, "127.0.0.1");
    const base::Descriptor client = connect_to(acceptor->local());
    EXPECT_TRUE(rig.idle());
    acceptor->start(keeper);
    rig.run_until([&] { return keeper.sockets.size() == 1; });
}

TEST(Acceptor, SaysWhichAddressCannotBeHadAndWhy) {
    Rig rig;
    const auto first = listen_on(rig.loop, "127.0.0.1");
    const model::Address same{.host = "127.0.0.1", .port = first->local().port()};
    const auto second = Acceptor::bind(rig.loop, same, {}, "f.yaml:3:5: listeners.a.listen");
    ASSERT_FALSE(second);
    EXPECT_EQ(base::to_string(second.error().front()),
              "f.yaml:3:5: listeners.a.listen: cannot listen on " + model::to_string(same) +
                  ": Address already in use (another listener or process has it, perhaps on every "
                  "address; find it with ss -ltnp)");

    const auto nowhere = Acceptor::bind(rig.loop, {.host = "192.0.2.1", .port = 0}, {}, "w");
    ASSERT_FALSE(nowhere);
    EXPECT_EQ(nowhere.error().front().hint, "no interface of this machine has that address");
}

TEST(Acceptor, RunsOutOfDescriptorsOnceAndServesWhoWaitsWhenOneIsFree) {
    Rig rig;
    Keeper keeper;
    const auto acceptor = listen_on(rig.loop, "127.0.0.1");
    acceptor->start(keeper);
    std::vector<base::Descriptor> clients;
    for (int i = 0; i < 4; ++i) clients.push_back(connect_to(acceptor->local()));

    // No descriptor is left but those that are open; the clients already wait in the queue.
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = static_cast<rlim_t>(clients.back().get()) + 1;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    rig.run_until([&] { return !keeper.suspensions.empty(); });
    EXPECT_EQ(keeper.suspensions, std::vector<int>{EMFILE});
    EXPECT_TRUE(keeper.sockets.empty());

    limit.rlim_cur = before;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    rig.loop.reserve().released();
    rig.run_until([&] { return keeper.sockets.size() == 4; });
    EXPECT_EQ(keeper.suspensions.size(), 1u) << "one event, however often it was tried";
}

TEST(Acceptor, AcceptsInBatchesAndLeavesOthersTheirTurn) {
    Recorder recorder;
    Rig rig;
    Keeper keeper;
    const auto acceptor = listen_on(rig.loop, "127.0.0.1");
    auto [peer, transport] = rig.connect(recorder);
    std::size_t accepted_before_data = 0;
    recorder.on = [&](std::string_view event) {
        if (event == "data") accepted_before_data = keeper.sockets.size();
        return PH_OK;
    };
    std::vector<base::Descriptor> clients;
    for (int i = 0; i < 200; ++i) clients.push_back(connect_to(acceptor->local()));
    peer.send("x");
    acceptor->start(keeper);
    rig.run_until([&] { return keeper.sockets.size() == 200; });
    EXPECT_EQ(recorder.received, "x");
    EXPECT_LT(accepted_before_data, 100u) << "so many clients may not come before one byte";
}

TEST(Acceptor, AClientThatGaveUpStopsNobodyElse) {
    Rig rig;
    Keeper keeper;
    const auto acceptor = listen_on(rig.loop, "127.0.0.1");
    for (int i = 0; i < 3; ++i) {
        const base::Descriptor gone = connect_to(acceptor->local());
        const linger reset{1, 0};
        ::setsockopt(gone.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    }
    const base::Descriptor client = connect_to(acceptor->local());
    const std::string name = SocketAddress::local_of(client.get()).text();
    acceptor->start(keeper);
    rig.run_until([&] { return !keeper.peers.empty() && keeper.peers.back() == name; });
    EXPECT_TRUE(keeper.suspensions.empty());
}

TEST(Acceptor, TakesAPortWhoseOldConnectionsStillLinger) {
    Rig rig;
    Keeper keeper;
    auto acceptor = listen_on(rig.loop, "127.0.0.1");
    const model::Address same{.host = "127.0.0.1", .port = acceptor->local().port()};
    acceptor->start(keeper);
    const base::Descriptor client = connect_to(acceptor->local());
    rig.run_until([&] { return keeper.sockets.size() == 1; });
    // The side that ends first is the one that waits: its port is in TIME_WAIT after this.
    keeper.sockets.clear();
    char end = 0;
    EXPECT_EQ(::recv(client.get(), &end, 1, 0), 0);
    acceptor->stop();
    const auto again = Acceptor::bind(rig.loop, same, {}, "test");
    ASSERT_TRUE(again) << base::to_string(again.error().front());
}

TEST(Acceptor, PausedLeavesClientsInTheQueueUntilItResumes) {
    Paused paused;
    paused.acceptor->resume();
    paused.rig.run_until([&] { return paused.keeper.sockets.size() == 1; });
}

}  // namespace
}  // namespace protohost::net::testing

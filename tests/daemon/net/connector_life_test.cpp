// SPDX-License-Identifier: MIT
// What becomes of a connector that is destroyed, and of the descriptors of all of them.
#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/net/connector.hpp"
#include "tests/daemon/net/connect_rig.hpp"

namespace protohost::net::testing {
namespace {

using namespace std::chrono_literals;

/// A UNIX socket whose queue holds one connection more than it was asked for: it is full with two.
class UnixServer {
public:
    explicit UnixServer(const model::Address& address)
        : where_(*SocketAddress::of_unix(address)),
          socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
        EXPECT_EQ(::bind(socket_.get(), where_.data(), where_.size()), 0);
        EXPECT_EQ(::listen(socket_.get(), 1), 0);
    }

    void fill() {
        for (auto& filler : fillers_) {
            filler = base::Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
            EXPECT_EQ(::connect(filler.get(), where_.data(), where_.size()), 0);
        }
    }

    base::Descriptor accept() {
        return base::Descriptor(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    }

private:
    SocketAddress where_;
    base::Descriptor socket_;
    std::array<base::Descriptor, 2> fillers_;
};

model::Address abstract(const std::string& suffix) {
    return unix_address(model::Address::Kind::unix_abstract,
                        "protohost-test-" + std::to_string(::getpid()) + suffix);
}

model::Address at_path(const std::string& path) {
    return unix_address(model::Address::Kind::unix_path, path);
}

TEST(ConnectorToUnix, ConnectsByPathAndByName) {
    const std::string path = ::testing::TempDir() + "connector-" + std::to_string(::getpid());
    const model::Address by_path = at_path(path);
    for (const model::Address& address : {by_path, abstract("")}) {
        Rig rig;
        Client client(rig);
        UnixServer server(address);
        client.try_connect(address);
        ASSERT_EQ(client.connections, 1u) << client.errors.at(0).text;
        EXPECT_EQ(client.peer, *SocketAddress::of_unix(address));
        EXPECT_TRUE(server.accept());
    }
    Rig rig;
    Client client(rig);
    client.try_connect(by_path);
    EXPECT_EQ(client.errors,
              (std::vector<ConnectError>{
                  {PH_E_OS, ECONNREFUSED, "connect to " + path + " failed: Connection refused"}}));
    std::filesystem::remove(path);
    client.try_connect(by_path);
    EXPECT_EQ(client.errors.at(0).os_errno, ENOENT);
    client.try_connect(at_path(std::string(200, 'x')));
    EXPECT_EQ(client.errors.at(0).status, PH_E_INVAL);
}

TEST(ConnectorToUnix, WaitsForRoomInTheQueueUntilTheDeadline) {
    Rig rig;
    Client client(rig);
    UnixServer server(abstract(""));
    server.fill();
    client.try_connect(abstract(""), 30ms);
    EXPECT_EQ(client.errors.at(0).status, PH_E_TIMEOUT);

    const auto begin = std::chrono::steady_clock::now();
    client.connect(abstract(""));
    rig.run_ready();
    for (int step = 0; step < 3; ++step) {
        EXPECT_TRUE(rig.loop.run_once(10s));
    }
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 35ms) << "it spins";
    EXPECT_FALSE(client.ended());
    EXPECT_TRUE(server.accept());
    rig.run_until([&] { return client.ended(); });
    EXPECT_EQ(client.connections, 1u);
}

/// A way to a connection, or to none, that takes some steps of the loop.
struct Scene {
    std::string what;
    model::Address address;
    std::vector<SocketAddress> addresses;
    std::chrono::nanoseconds timeout = 10s;
};

TEST(ConnectorLife, DestroyedAfterAnyNumberOfStepsItLeavesNothingBehind) {
    Rig rig;
    Endpoint alive;
    alive.listen();
    const Endpoint nobody;
    Endpoint hole("::1");
    hole.become_black_hole();
    UnixServer unix_server(abstract("full"));
    unix_server.fill();
    const std::vector<Scene> scenes{
        {"connects", alive.tcp(), {}},
        {"is refused", nobody.tcp(), {}},
        {"looks up, is refused, connects", name(), {nobody.address(), alive.address()}},
        {"the hole comes first", name(), {hole.address(), alive.address()}},
        {"hole after hole", name(), {hole.address(), hole.address()}, 300ms},
        {"the queue is full", abstract("full"), {}, 30ms},
        {"invalid", {.kind = model::Address::Kind::udp, .host = "::1"}, {}},
    };
    for (const Scene& scene : scenes) {
        for (int steps = 0;; ++steps) {
            Client client(rig, always(scene.addresses));
            const std::size_t before = open_descriptors();
            client.connect(scene.address, scene.timeout);
            for (int step = 0; step < steps && !client.ended(); ++step) {
                rig.loop.run_once(10s);
            }
            const bool ended = client.ended();
            client.connector.reset();
            client.socket.close();
            EXPECT_EQ(open_descriptors(), before) << scene.what << " after " << steps << " steps";
            rig.run_ready();
            EXPECT_EQ(client.ended(), ended) << scene.what << ": told after its end";
            alive.accept_all();
            if (ended) break;
            ASSERT_LT(steps, 100) << scene.what << " never ends";
        }
    }
}

TEST(ConnectorLife, AConnectionThatNobodyWasToldOfIsClosed) {
    Rig rig;
    Client client(rig);
    UnixServer server(abstract("untold"));
    const std::size_t before = open_descriptors();
    client.connect(abstract("untold"));
    EXPECT_EQ(open_descriptors(), before + 1) << "it has connected already";
    client.connector.reset();
    EXPECT_EQ(open_descriptors(), before);
    EXPECT_TRUE(rig.idle());
    EXPECT_FALSE(client.ended());
    Peer accepted(server.accept().release());
    EXPECT_EQ(accepted.receive(), "");
}

/// Destroys connectors from inside events of others: each that ends takes its neighbour with it.
TEST(ConnectorLife, OneMayDestroyAnotherThatIsInTheSameBatch) {
    class Pairs final : public ConnectorOwner {
    public:
        void connected(Connector& from, ConnectedSocket) override { end(from); }
        void connect_failed(Connector& from, const ConnectError&) override { end(from); }

        void end(Connector& from) {
            for (auto& pair : pairs) {
                if (pair[0].get() != &from && pair[1].get() != &from) continue;
                ++told;
                pair[0].reset();
                pair[1].reset();
                return;
            }
            ADD_FAILURE() << "told after its end";
        }

        std::vector<std::array<std::unique_ptr<Connector>, 2>> pairs{50};
        std::size_t told = 0;
    };
    Rig rig;
    Resolver resolver(rig.loop);
    Endpoint alive;
    alive.listen();
    const Endpoint nobody;
    const std::size_t before = open_descriptors();
    Pairs owner;
    for (auto& pair : owner.pairs) {
        for (const model::Address& address : {alive.tcp(), nobody.tcp()}) {
            pair[address == nobody.tcp() ? 1 : 0] = std::make_unique<Connector>(
                rig.loop, resolver, ConnectSettings{.address = address, .socket = {}}, owner);
        }
    }
    rig.run_until([&] { return owner.told == owner.pairs.size(); });
    EXPECT_TRUE(rig.idle());
    EXPECT_EQ(owner.told, owner.pairs.size());
    EXPECT_EQ(open_descriptors(), before);
}

/// Connects to its targets by turns.
class Load final : public ConnectorOwner {
public:
    struct Target {
        model::Address address;
        std::chrono::nanoseconds timeout = 10s;
    };

    Load(Rig& rig, std::vector<Target> targets)
        : rig_(rig), resolver_(rig.loop), targets_(std::move(targets)) {}

    void start() {
        const Target& target = targets_[started++ % targets_.size()];
        ConnectSettings how{.address = target.address, .socket = {}, .timeout = target.timeout};
        under_way_.push_back(
            std::make_unique<Connector>(rig_.loop, resolver_, std::move(how), *this));
    }

    std::size_t under_way() const { return under_way_.size(); }

    std::size_t started = 0;
    std::size_t connections = 0;
    std::size_t refusals = 0;
    std::size_t timeouts = 0;

private:
    void connected(Connector& from, ConnectedSocket socket) override {
        EXPECT_TRUE(socket.descriptor);
        ++connections;
        end(from);
    }

    void connect_failed(Connector& from, const ConnectError& error) override {
        if (error.status == PH_E_TIMEOUT) {
            ++timeouts;
        } else if (error.os_errno == ECONNREFUSED) {
            ++refusals;
        } else {
            EXPECT_EQ(error.os_errno, ECONNRESET) << error.text;
            ++connections;  // so quickly reset that it was never told
        }
        end(from);
    }

    void end(Connector& from) {
        std::erase_if(under_way_, [&](const auto& each) { return each.get() == &from; });
    }

    Rig& rig_;
    Resolver resolver_;
    std::vector<Target> targets_;
    std::vector<std::unique_ptr<Connector>> under_way_;
};

TEST(ConnectorLife, TwoThousandThroughRefusalResetAndSilenceLeakNothing) {
    constexpr std::size_t total = 2001;
    Rig rig;
    const Endpoint nobody;
    Endpoint resets;
    resets.listen();
    Endpoint hole;
    hole.become_black_hole();
    const std::size_t before = open_descriptors();
    {
        Load load(rig, {{nobody.tcp()}, {resets.tcp()}, {hole.tcp(), 5ms}});
        while (load.started < total || load.under_way() != 0) {
            while (load.started < total && load.under_way() < 48) load.start();
            const std::size_t under_way = load.under_way();
            rig.run_until([&] {
                for (auto& accepted : resets.accept_all()) Peer(accepted.release()).reset();
                return load.under_way() < under_way;
            });
        }
        EXPECT_EQ(load.refusals, total / 3);
        EXPECT_EQ(load.connections, total / 3);
        EXPECT_EQ(load.timeouts, total / 3);
    }
    resets.accept_all();
    rig.run_ready();
    EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace protohost::net::testing

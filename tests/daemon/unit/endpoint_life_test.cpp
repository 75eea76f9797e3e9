// SPDX-License-Identifier: MIT
// Endpoints that are stopped, or destroyed, wherever they are. That nothing is told afterwards,
// that each protocol that was made is lost and destroyed, and that no descriptor is left, the rig
// sees to.
#include <chrono>
#include <ostream>
#include <string>
#include <sys/stat.h>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/unit/name_server.hpp"
#include "tests/daemon/unit/scenes.hpp"

namespace protohost::unit::testing {
namespace {

using namespace std::chrono_literals;
using Kind = model::EndpointSpec::Kind;

/// Where endpoints go, and how far they come there.
class World {
public:
    World() {
        EXPECT_EQ(::mkfifo((peers.folder / "fifo").c_str(), 0600), 0);
        hole.become_black_hole();
    }
    ~World() { names->go_on(); }
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    Peers peers;
    net::testing::Endpoint refuses;
    net::testing::Endpoint hole;
    std::shared_ptr<NameServer> names = NameServer::make();
};

/// An endpoint, and what it is when nothing moves any more.
struct Life {
    std::string ends_up;
    std::function<model::EndpointSpec(World&)> spec;
    std::size_t connections = 0;
};
void PrintTo(const Life& life, std::ostream* out) {
    *out << life.ends_up;
}

model::EndpointSpec pipe(Kind kind, const std::string& path) {
    model::EndpointSpec spec;
    spec.kind = kind;
    spec.path = {path, {}};
    spec.reconnect = model::Reconnect{1h, 1h, 0.0};
    return spec;
}

model::EndpointSpec bound() {
    model::EndpointSpec spec;
    spec.kind = Kind::bind;
    spec.address = {address("udp://127.0.0.1:0"), {}};
    spec.reconnect.reset();
    return spec;
}

model::EndpointSpec by_name(const net::testing::Endpoint& to) {
    model::EndpointSpec spec = connect("tcp://name.test:" + std::to_string(to.address().port()));
    spec.reconnect = model::Reconnect{1h, 1h, 0.0};
    return spec;
}

model::EndpointSpec stalled(World& world, const std::string& where) {
    world.names->stall();
    return connect(where);
}

model::EndpointSpec never(model::EndpointSpec spec) {
    spec.reconnect.reset();
    return spec;
}

std::vector<Life> lives() {
    return {
        {"Resolving", [](World& world) { return stalled(world, "tcp://name.test:9"); }},
        {"ResolvingForDatagrams", [](World& world) { return stalled(world, "udp://name.test:9"); }},
        {"Connecting", [](World& world) { return by_name(world.hole); }},
        {"Waiting", [](World& world) { return by_name(world.refuses); }},
        {"GivenUp", [](World& world) { return never(by_name(world.refuses)); }},
        {"Connected", [](World& world) { return by_name(world.peers.tcp); }, 1},
        {"ConnectedByPath",
         [](World& world) { return connect("unix://" + world.peers.unix_path()); },
         1},
        {"ConnectedForDatagrams", [](World&) { return connect("udp://name.test:9"); }, 1},
        {"Bound", [](World&) { return bound(); }, 1},
        {"Reading", [](World& world) { return pipe(Kind::read, world.peers.folder / "fifo"); }, 1},
        {"WaitingForAReader",
         [](World& world) { return pipe(Kind::write, world.peers.folder / "fifo"); }},
    };
}

class EveryLife : public ::testing::TestWithParam<Life> {
protected:
    World world_;
    Rig rig_{world_.names->lookup()};
};

TEST_P(EveryLife, MayBeStoppedAfterAnyStep) {
    bool arrived = false;
    for (int steps = 0; !arrived; ++steps) {
        ASSERT_LT(steps, 100);
        Puppet& puppet = rig_.endpoint(GetParam().spec(world_));
        puppet.start();
        for (int step = 0; step < steps && !arrived; ++step) {
            const bool moves = rig_.step_unless_idle();
            const std::size_t connections = puppet.unit().connections();
            EXPECT_LE(connections, GetParam().connections);
            arrived = GetParam().connections == 0 ? !moves : connections != 0;
        }
        rig_.end(puppet);
        world_.peers.leave();
    }
}

TEST_P(EveryLife, MayBeDestroyedBeforeItStarts) {
    Puppet& prepared = rig_.endpoint(GetParam().spec(world_));
    prepared.destroy();
    Puppet& bound = rig_.endpoint(GetParam().spec(world_));
    EXPECT_TRUE(bound.unit().bind().empty());
    bound.destroy();
    EXPECT_EQ(bound.story.events.size(), 0u);
}

TEST_P(EveryLife, IsAbortedAtTheEndOfItsDrainTimeout) {
    if (GetParam().connections == 0) return;  // there is nothing to drain
    model::EndpointSpec spec = GetParam().spec(world_);
    spec.timeouts.drain = 10ms;
    Puppet& puppet = rig_.endpoint(spec);
    puppet.story.keep_open_at_drain = true;
    puppet.start();
    rig_.run_until([&] { return puppet.unit().connections() == GetParam().connections; });
    puppet.stop();
    rig_.run_ready();
    EXPECT_EQ(puppet.story.count("drain"), 1u);
    EXPECT_EQ(puppet.story.count("lost"), 0u) << "it finishes by itself";
    rig_.run_until([&] { return puppet.stopped(); });
    EXPECT_EQ(puppet.story.count("lost"), 1u);
    rig_.end(puppet);
    world_.peers.leave();
}

TEST_P(EveryLife, IsAbortedWhenItIsAskedAgain) {
    if (GetParam().connections == 0) return;
    model::EndpointSpec spec = GetParam().spec(world_);
    spec.timeouts.drain = 1h;
    Puppet& puppet = rig_.endpoint(spec);
    puppet.story.keep_open_at_drain = true;
    puppet.start();
    rig_.run_until([&] { return puppet.unit().connections() == GetParam().connections; });
    puppet.stop();
    rig_.run_ready();
    EXPECT_FALSE(puppet.stopped());
    puppet.unit().abort_connections();
    rig_.end(puppet);
    world_.peers.leave();
}

INSTANTIATE_TEST_SUITE_P(Lives, EveryLife, ::testing::ValuesIn(lives()), [](const auto& life) {
    return life.param.ends_up;
});

}  // namespace
}  // namespace protohost::unit::testing

// SPDX-License-Identifier: MIT
// Endpoints that are bound to an address.
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <utility>

#include <gtest/gtest.h>

#include "tests/daemon/unit/scenes.hpp"

namespace protohost::unit::testing {
namespace {

using net::testing::open_descriptors;

model::EndpointSpec bound_to(const std::string& where) {
    model::EndpointSpec spec;
    spec.kind = model::EndpointSpec::Kind::bind;
    spec.address = {address(where), {"p.yaml", 3, 5}};
    spec.reconnect.reset();
    return spec;
}

TEST(BoundEndpoint, ReceivesAndAnswers) {
    Rig rig;
    Puppet& puppet = rig.endpoint(bound_to("udp://127.0.0.1:0"));
    puppet.start();
    rig.run_until([&] { return puppet.story.count("made") == 1; });
    const ExtraInfo here = puppet.story.datagrams.at(0).get_extra_info("sockname");
    const base::Descriptor peer(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const Address& at = here.address();
    ASSERT_EQ(::sendto(peer.get(), "hi", 2, 0, static_cast<const sockaddr*>(at.data()), at.size()),
              2);
    rig.run_until([&] { return puppet.story.received == "hi"; });
    EXPECT_EQ(puppet.unit().connections(), 1u);
}

TEST(BoundEndpoint, SaysWhereItCannotBe) {
    Rig rig;
    const base::Descriptor other(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const auto any = *net::numeric({.host = "127.0.0.1"});
    ASSERT_EQ(::bind(other.get(), any.data(), any.size()), 0);
    const std::string taken = net::SocketAddress::local_of(other.get()).uri(SOCK_DGRAM);
    const std::size_t before = open_descriptors();
    Puppet& puppet = rig.endpoint(bound_to(taken));
    const std::string errors = plugin::testing::text(puppet.unit().bind());
    EXPECT_EQ(errors.find("p.yaml:3:5: endpoints.u1.bind: cannot bind to " + taken +
                          ": Address already in use"),
              0u)
        << errors;
    EXPECT_EQ(open_descriptors(), before);
    puppet.destroy();
}

TEST(BoundEndpoint, StaysClosedWhenItsProtocolClosesIt) {
    Rig rig;
    Puppet& puppet = rig.endpoint(bound_to("udp://127.0.0.1:0"));
    puppet.start();
    rig.run_until([&] { return puppet.story.count("made") == 1; });
    puppet.story.datagrams.at(0).close();
    rig.run_until([&] { return puppet.story.count("gone") == 1; });
    rig.run_ready();
    EXPECT_EQ(puppet.unit().connections(), 0u);
    EXPECT_EQ(puppet.story.count("made"), 1u);
}

TEST(BoundEndpoint, ThatIsRequiredAndHasNoProtocolHasGivenUp) {
    Rig rig;
    model::EndpointSpec spec = bound_to("udp://127.0.0.1:0");
    spec.required = true;
    Puppet& puppet = rig.endpoint(spec);
    puppet.make_protocol = []() -> std::unique_ptr<BaseProtocol> {
        throw std::runtime_error("no protocol");
    };
    puppet.start();
    rig.run_until([&] { return !puppet.unit().given_up().empty(); });
    EXPECT_FALSE(puppet.unit().ready());
}

/// Whatever is opened, the plugin was told before that it started, and may ask for more.
TEST(StartedUnit, IsToldBeforeItsFirstProtocolWhichMayUseTheLoop) {
    Peers peers;
    Rig rig;
    model::EndpointSpec reading;
    reading.kind = model::EndpointSpec::Kind::read;
    reading.path = {peers.folder / "fifo", {}};
    ASSERT_EQ(::mkfifo(reading.path.value.c_str(), 0600), 0);
    for (const auto& spec : {bound_to("udp://127.0.0.1:0"),
                             reading,
                             connect("unix://" + peers.unix_path()),
                             connect("udp://127.0.0.1:9")}) {
        Puppet& puppet = rig.endpoint(spec);
        Attempt more(puppet);
        more.descriptor = peers.socket_end(SOCK_STREAM);
        bool asked = false;
        puppet.started = [&](Loop) { puppet.story.events.emplace_back("started"); };
        puppet.story.on = [&](std::string_view event) {
            if (event == "made" && !std::exchange(asked, true)) {
                more.open(&ph_loop_api::create_connection);
            }
        };
        puppet.start();
        rig.run_until([&] { return more.dropped != 0; });
        EXPECT_TRUE(more.succeeded()) << more.text;
        EXPECT_EQ(puppet.story.events.front(), "started");
        rig.end(puppet);
    }
    peers.leave();
}

TEST(StartedUnit, ServesAllTheSameWhenItsFactoryFailsToStart) {
    Rig rig;
    Puppet& puppet = rig.endpoint(bound_to("udp://127.0.0.1:0"));
    puppet.started = [](Loop) { throw std::runtime_error("not today"); };
    puppet.start();
    rig.run_until([&] { return puppet.story.count("made") == 1; });
}

}  // namespace
}  // namespace protohost::unit::testing

// SPDX-License-Identifier: MIT
// How a sendfile ends that does not come to its end by itself.
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/net/rig.hpp"
#include "tests/daemon/net/sendfile_world.hpp"

namespace protohost::net::testing {
namespace {

using Events = std::vector<std::string>;
using World = SendfileWorld;

TEST(Sendfile, APeerThatGoesIsToldToBoth) {
    for (const Medium medium : those_that_write) {
        World world;
        const File file(pattern(1'000'000));
        auto connection = world.connect(medium);
        world.recorder.on = [&](std::string_view event) {
            if (event == "lost") {
                EXPECT_EQ(world.sent.calls, 1u) << "the one before the other";
            }
            return PH_OK;
        };
        connection.transport->sendfile(file.fd(), 0, to_end, world.sent.done());
        world.run_until_some_is_sent();
        connection.peer.reset();
        world.rig.run_until([&] { return world.recorder.count("destroy") == 1; });
        EXPECT_EQ(world.sent.calls, 1u);
        EXPECT_EQ(world.sent.status, PH_E_OS);
        EXPECT_EQ(world.recorder.count("lost:" + std::to_string(world.sent.os_errno)), 1u);
        EXPECT_GT(world.sent.bytes, 0u);
        EXPECT_LT(world.sent.bytes, 1'000'000u);
    }
}

TEST(Sendfile, ClosingSendsAllOfItFirst) {
    for (const Medium medium : those_that_write) {
        World world;
        const File file(pattern(300'000));
        auto [peer, transport] = world.connect(medium);
        transport->sendfile(file.fd(), 0, to_end, world.sent.done());
        transport->close();
        EXPECT_TRUE(transport->is_closing());
        EXPECT_TRUE(world.run_to_the_end(peer) == pattern(300'000));
        EXPECT_EQ(world.sent.status, PH_OK);
        EXPECT_EQ(world.sent.bytes, 300'000u);
        EXPECT_EQ(world.recorder.events, (Events{"made", "lost", "destroy"}));
    }
}

TEST(Sendfile, TheEndIsWrittenBehindIt) {
    World world;
    const File file(pattern(300'000));
    auto [peer, transport] = world.connect();
    transport->sendfile(file.fd(), 0, to_end, world.sent.done());
    EXPECT_EQ(transport->write_eof(), PH_OK);
    EXPECT_EQ(transport->write("x", 1), PH_E_EOF_WRITTEN);
    std::string arrived = world.run_reading(peer);
    arrived += peer.receive_all();
    EXPECT_TRUE(arrived == pattern(300'000));
    EXPECT_FALSE(transport->is_closing());
    peer.send("still read");
    world.rig.run_until([&] { return world.recorder.received == "still read"; });
}

TEST(Sendfile, AbortingTellsItBeforeConnectionLostAndNotFromInside) {
    for (const Medium medium : those_that_write) {
        for (const bool at_once : {true, false}) {
            World world;
            const File file(pattern(1'000'000));
            auto [peer, transport] = world.connect(medium);
            world.recorder.on = [&](std::string_view event) {
                if (event == "lost") {
                    EXPECT_EQ(world.sent.calls, 1u);
                }
                return PH_OK;
            };
            transport->sendfile(file.fd(), 0, to_end, world.sent.done());
            if (!at_once) world.run_until_some_is_sent();
            const std::uint64_t went = transport->traffic().sent;
            transport->abort();
            EXPECT_EQ(world.sent.calls, 0u);
            EXPECT_EQ(transport->write("x", 1), PH_E_CLOSED);
            world.rig.run_until([&] { return world.recorder.count("destroy") == 1; });
            EXPECT_EQ(world.sent.calls, 1u);
            EXPECT_EQ(world.sent.status, PH_E_CLOSED);
            EXPECT_EQ(world.sent.bytes, went);
        }
    }
}

TEST(Sendfile, CancellingStopsItAndTellsHowFarItCame) {
    for (const Medium medium : those_that_write) {
        World world;
        const File file(pattern(1'000'000));
        auto [peer, transport] = world.connect(medium);
        transport->sendfile(file.fd(), 0, to_end, world.sent.done());
        world.run_until_some_is_sent();
        const std::uint64_t went = transport->cancel_sendfile();
        EXPECT_EQ(went, transport->traffic().sent);
        EXPECT_EQ(transport->cancel_sendfile(), 0u);
        EXPECT_EQ(transport->is_reading(), medium != Medium::write_pipe);
        EXPECT_EQ(transport->write("!", 1), PH_OK);
        transport->close();
        EXPECT_TRUE(world.run_to_the_end(peer) == pattern(1'000'000).substr(0, went) + "!");
        EXPECT_EQ(world.sent.calls, 0u);
    }
}

TEST(Sendfile, CancellingLetsGoOnWhatWaitedForIt) {
    const File file(pattern(1'000'000));
    World closing;
    StreamTransport& closes = *closing.connect().transport;
    closes.sendfile(file.fd(), 0, to_end, closing.sent.done());
    closes.close();
    closing.run_until_some_is_sent();
    closes.cancel_sendfile();
    closing.rig.run_until([&] { return closing.rig.ends == 1; });
    EXPECT_EQ(closing.recorder.events, (Events{"made", "lost", "destroy"}));
    EXPECT_EQ(closing.sent.calls, 0u);

    World ending;
    auto [peer, transport] = ending.connect();
    transport->sendfile(file.fd(), 0, to_end, ending.sent.done());
    transport->write_eof();
    const std::uint64_t went = transport->cancel_sendfile();
    EXPECT_EQ(peer.receive_all().size(), went);
}

TEST(Sendfile, CancelledAfterTheLossItIsNotToldOfIt) {
    World world;
    const File file("the file");
    auto [peer, transport] = world.connect();
    transport->sendfile(file.fd(), 0, to_end, world.sent.done());
    transport->abort();
    EXPECT_EQ(transport->cancel_sendfile(), 0u);
    world.rig.run_until([&] { return world.rig.ends == 1; });
    EXPECT_EQ(world.sent.calls, 0u);
}

TEST(Sendfile, APeerThatTakesNoneOfItIsStalled) {
    World world;
    const File file(pattern(1'000'000));
    auto [peer, transport] =
        world.rig.connect(Medium::tcp, world.recorder, {{}, {}, std::chrono::milliseconds(40)});
    transport->sendfile(file.fd(), 0, to_end, world.sent.done());
    world.rig.run_until([&] { return world.rig.ends == 1; });
    EXPECT_EQ(world.sent.status, PH_E_TIMEOUT);
    EXPECT_EQ(world.recorder.count("lost:" + std::to_string(PH_E_TIMEOUT)), 1u);
}

}  // namespace
}  // namespace protohost::net::testing

// SPDX-License-Identifier: MIT
#include <cstdint>
#include <functional>
#include <string>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/net/datagram_rig.hpp"
#include "tests/daemon/net/rig.hpp"
#include "tests/daemon/net/sendfile_world.hpp"

namespace protohost::net::testing {
namespace {

using World = SendfileWorld;

TEST(Sendfile, SendsAPartOrToTheEnd) {
    const std::string content = pattern(300'000);
    struct Part {
        std::uint64_t offset;
        std::uint64_t count;
        std::string expected;
    };
    const std::vector<Part> parts{{0, to_end, content},
                                  {1000, to_end, content.substr(1000)},
                                  {1000, 70'000, content.substr(1000, 70'000)},
                                  {299'990, 100, content.substr(299'990)},
                                  {300'000, to_end, ""},
                                  {300'001, 1, ""}};
    for (const Medium medium : those_that_write) {
        for (const Part& part : parts) {
            World world;
            const File file(content);
            auto [peer, transport] = world.connect(medium);
            ASSERT_EQ(transport->sendfile(file.fd(), part.offset, part.count, world.sent.done()),
                      PH_OK);
            EXPECT_EQ(world.sent.calls, 0u) << "never from inside";
            const std::string arrived = world.run_reading(peer);
            EXPECT_EQ(world.sent.status, PH_OK);
            EXPECT_EQ(world.sent.bytes, part.expected.size());
            EXPECT_TRUE(arrived == part.expected);
            EXPECT_EQ(::lseek(file.fd(), 0, SEEK_CUR), 0) << "its position is nobody's business";
        }
    }
}

TEST(Sendfile, GoesBehindWhatWaitsAndPausesReading) {
    for (const Medium medium : {Medium::tcp, Medium::socket_pair}) {
        World world;
        const File file("the file");
        auto [peer, transport] = world.connect(medium);
        Rig::fill(*transport);
        ASSERT_EQ(transport->sendfile(file.fd(), 0, to_end, world.sent.done()), PH_OK);
        EXPECT_FALSE(transport->is_reading());
        peer.send("meanwhile");
        EXPECT_TRUE(world.rig.idle()) << "it waits for the peer, and reads nothing";
        EXPECT_EQ(world.recorder.received, "");
        EXPECT_EQ(world.sent.calls, 0u);

        const std::string arrived = world.run_reading(peer);
        EXPECT_TRUE(transport->is_reading());
        EXPECT_EQ(arrived.find_first_not_of('f'), arrived.size() - 8);
        EXPECT_EQ(arrived.substr(arrived.size() - 8), "the file");
        world.rig.run_until([&] { return world.recorder.received == "meanwhile"; });
    }
}

TEST(Sendfile, GoesBehindWhatTheSameCallbackWrote) {
    World world;
    const File file("the file");
    auto [peer, transport] = world.connect();
    world.recorder.on = [&, t = transport](std::string_view event) {
        if (event != "data") return PH_OK;
        t->write("a header, ", 10);
        EXPECT_EQ(t->sendfile(file.fd(), 0, to_end, world.sent.done()), PH_OK);
        return PH_OK;
    };
    peer.send("x");
    world.rig.run_until([&] { return world.sent.calls == 1; });
    EXPECT_EQ(transport->write(", a trailer", 11), PH_OK);
    EXPECT_EQ(peer.receive(10), "a header, ");
    EXPECT_EQ(peer.receive(), "the file, a trailer");
}

TEST(Sendfile, LeavesTheProtocolsOwnPauseAsItIs) {
    World world;
    const File file("the file");
    auto [peer, transport] = world.connect();
    const auto wait_for = [&](unsigned count) {
        world.rig.run_until([&] { return world.sent.calls == count; });
    };
    transport->pause_reading();
    transport->sendfile(file.fd(), 0, to_end, world.sent.done());
    wait_for(1);
    EXPECT_FALSE(transport->is_reading()) << "paused before";

    transport->resume_reading();
    transport->sendfile(file.fd(), 0, to_end, world.sent.done());
    transport->pause_reading();
    wait_for(2);
    EXPECT_FALSE(transport->is_reading()) << "paused meanwhile";

    transport->sendfile(file.fd(), 0, to_end, world.sent.done());
    transport->resume_reading();
    EXPECT_FALSE(transport->is_reading());
    wait_for(3);
    EXPECT_TRUE(transport->is_reading()) << "resumed meanwhile";
}

TEST(Sendfile, BegunInGetBufferReadsNothingMore) {
    World world;
    Recorder buffered(true);
    Rig rig;
    const File file("the file");
    auto [peer, transport] = rig.connect(buffered);
    buffered.on = [&, t = transport](std::string_view event) {
        if (event == "get_buffer" && world.sent.calls == 0) {
            t->sendfile(file.fd(), 0, to_end, world.sent.done());
        }
        return PH_OK;
    };
    peer.send("x");
    rig.run_until([&] { return world.sent.calls == 1; });
    EXPECT_EQ(buffered.received, "");
    rig.run_until([&] { return buffered.received == "x"; });
}

TEST(Sendfile, RefusesWritesWhileItRuns) {
    static int releases;
    releases = 0;
    World world;
    const File file(pattern(300'000));
    auto [peer, transport] = world.connect();
    transport->sendfile(file.fd(), 0, to_end, world.sent.done());
    const ph_iov piece{"piece", 5};
    EXPECT_EQ(transport->write("x", 1), PH_E_BUSY);
    EXPECT_EQ(transport->write(nullptr, 0), PH_E_BUSY);
    EXPECT_EQ(transport->writelines(&piece, 1), PH_E_BUSY);
    EXPECT_EQ(transport->write_owned(
                  piece, [](void*) { ++releases; }, nullptr),
              PH_E_BUSY);
    EXPECT_EQ(releases, 1);
    EXPECT_EQ(transport->sendfile(file.fd(), 0, to_end, [](auto...) {}), PH_E_BUSY);
    EXPECT_EQ(transport->traffic().dropped, 0u) << "whoever is told to come later loses nothing";
    EXPECT_EQ(transport->get_write_buffer_size(), 0u);
    std::string arrived = world.run_reading(peer);
    EXPECT_EQ(transport->write("!", 1), PH_OK);
    while (arrived.size() < 300'001) arrived += peer.receive();
    EXPECT_TRUE(arrived == pattern(300'000) + "!");
}

TEST(Sendfile, IsRefusedOnAClosingTransportAndWhereThereIsNone) {
    const File file("the file");
    const auto never = [](ph_status, int, std::uint64_t) { ADD_FAILURE() << "it was refused"; };
    World world;
    StreamTransport& flushing = *world.connect().transport;
    Rig::fill(flushing);
    flushing.close();
    EXPECT_EQ(flushing.sendfile(file.fd(), 0, to_end, never), PH_E_CLOSED);
    flushing.abort();
    EXPECT_EQ(flushing.sendfile(file.fd(), 0, to_end, never), PH_E_CLOSED);

    auto ended = world.rig.connect(world.other);
    ended.transport->write_eof();
    EXPECT_EQ(ended.transport->sendfile(file.fd(), 0, to_end, never), PH_E_EOF_WRITTEN);

    Recorder reading;
    DatagramRecorder datagrams;
    Rig rig;
    auto pipe = rig.connect(Medium::read_pipe, reading);
    EXPECT_EQ(pipe.transport->sendfile(file.fd(), 0, to_end, never), PH_E_UNSUPPORTED);
    EXPECT_EQ(pipe.transport->cancel_sendfile(), 0u);
    DatagramTransport& endpoint = serve(rig, datagrams, bound(udp()));
    EXPECT_EQ(endpoint.sendfile(file.fd(), 0, to_end, never), PH_E_UNSUPPORTED);
    EXPECT_EQ(endpoint.cancel_sendfile(), 0u);
}

TEST(Sendfile, TheNextMayBeginWhereOneIsOver) {
    for (const Medium medium : those_that_write) {
        World world;
        const File file("file ");
        auto connection = world.connect(medium);
        StreamTransport& transport = *connection.transport;
        int files = 0;
        std::function<void()> send_next = [&] {
            const ph_status begun =
                transport.sendfile(file.fd(), 0, to_end, [&](ph_status status, int, std::uint64_t) {
                    EXPECT_EQ(status, PH_OK);
                    ++files < 3 ? send_next() : transport.close();
                });
            EXPECT_EQ(begun, PH_OK);
        };
        send_next();
        EXPECT_EQ(world.run_to_the_end(connection.peer), "file file file ");
    }
}

TEST(Sendfile, AFlowThatResumesMeanwhileIsToldAndMayNotWrite) {
    World world;
    const File file(pattern(300'000));
    auto [peer, transport] = world.connect();
    transport->set_write_buffer_limits(0, 0);
    std::vector<ph_status> answers;
    world.recorder.on = [&, t = transport](std::string_view event) {
        if (event == "resume") answers.push_back(t->write("x", 1));
        return PH_OK;
    };
    Rig::fill(*transport);
    transport->sendfile(file.fd(), 0, to_end, world.sent.done());
    world.run_reading(peer);
    EXPECT_EQ(answers, std::vector<ph_status>{PH_E_BUSY});
    EXPECT_EQ(world.recorder.count("pause"), 1u);
}

TEST(Sendfile, BegunWhenTheFlowResumesGoesOutOnce) {
    for (const Medium medium : those_that_write) {
        World world;
        const File file("the file");
        auto [peer, transport] = world.connect(medium);
        transport->set_write_buffer_limits(0, 0);
        world.recorder.on = [&, t = transport](std::string_view event) {
            if (event == "resume") t->sendfile(file.fd(), 0, to_end, world.sent.done());
            return PH_OK;
        };
        Rig::fill(*transport);
        const std::string arrived = world.run_reading(peer);
        EXPECT_EQ(arrived.find_first_not_of('f'), arrived.size() - 8);
        EXPECT_EQ(world.sent.bytes, 8u);
    }
}

}  // namespace
}  // namespace protohost::net::testing

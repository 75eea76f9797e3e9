// SPDX-License-Identifier: MIT
#include <array>
#include <cerrno>
#include <memory>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/net/rig.hpp"

namespace protohost::net::testing {
namespace {

using Events = std::vector<std::string>;

TEST(StreamTransportLife, RunsFromMadeToLostInOrder) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder);
    peer.send("hello");
    peer.shut_down();
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.events, (Events{"made", "data:hello", "eof", "lost", "destroy"}));
}

TEST(StreamTransportLife, CloseNeverCallsBackFromInside) {
    Recorder recorder;
    Rig rig;
    recorder.on = [&](std::string_view event) {
        if (event == "data") {
            recorder.transport->close();
            EXPECT_EQ(recorder.count("lost"), 0u);
            EXPECT_TRUE(recorder.transport->is_closing());
            recorder.transport->close();
        }
        return PH_OK;
    };
    auto [peer, transport] = rig.connect(recorder);
    peer.send("x");
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.events, (Events{"made", "data:x", "lost", "destroy"}));
    EXPECT_EQ(peer.receive(), "");
}

TEST(StreamTransportLife, CloseInConnectionMadeReadsNothing) {
    Recorder recorder;
    Rig rig;
    recorder.on = [&](std::string_view event) {
        if (event == "made") recorder.transport->close();
        return PH_OK;
    };
    auto [peer, transport] = rig.connect(recorder);
    peer.send("never read");
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.events, (Events{"made", "lost", "destroy"}));
}

TEST(StreamTransportLife, CloseFlushesWhatWaits) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder, {.high = 1 << 20, .low = 0});
    Rig::fill(*transport);
    const std::size_t waiting = transport->get_write_buffer_size();
    transport->close();
    EXPECT_EQ(recorder.count("lost"), 0u);
    EXPECT_EQ(transport->write("tail", 4), PH_OK) << "accepted while the buffer drains";
    EXPECT_EQ(transport->get_write_buffer_size(), waiting + 4);

    std::string arrived;
    std::jthread reader([&, &from = peer] { arrived = from.receive_all(); });
    rig.run_until([&] { return rig.ends == 1; });
    reader.join();
    EXPECT_EQ(arrived.substr(arrived.size() - 4), "tail");
    EXPECT_EQ(recorder.events, (Events{"made", "lost", "destroy"}));
}

TEST(StreamTransportLife, AbortDropsWhatWaitsAndTellsNoReason) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder);
    Rig::fill(*transport);
    transport->abort();
    EXPECT_EQ(recorder.count("lost"), 0u) << "never from inside";
    EXPECT_EQ(transport->write("late", 4), PH_E_CLOSED);
    EXPECT_EQ(transport->get_write_buffer_size(), 0u);
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.count("lost"), 1u);
    EXPECT_EQ(recorder.count("resume"), 0u);
}

TEST(StreamTransportLife, AbortCancelsAFlushThatWasUnderWay) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder);
    Rig::fill(*transport);
    transport->close();
    transport->abort();
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.count("lost"), 1u);
}

TEST(StreamTransportLife, AResetIsToldAfterTheDataBeforeIt) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder);
    recorder.on = [&, &from = peer](std::string_view event) {
        if (event == "data") from.reset();
        return PH_OK;
    };
    peer.send("last words");
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.events,
              (Events{"made", "data:last words", "lost:" + std::to_string(ECONNRESET), "destroy"}));
}

TEST(StreamTransportLife, EofThatIsKeptOpenComesOnceAlsoAfterPauseAndResume) {
    Recorder recorder;
    Rig rig;
    recorder.keep_open_at_eof = true;
    auto [peer, transport] = rig.connect(recorder);
    peer.shut_down();
    rig.run_until([&] { return recorder.count("eof") == 1; });
    transport->pause_reading();
    transport->resume_reading();
    EXPECT_TRUE(rig.idle()) << "an end that was told must not keep the loop awake";
    EXPECT_EQ(recorder.count("eof"), 1u);
    EXPECT_FALSE(transport->is_closing());

    EXPECT_EQ(transport->write("still here", 10), PH_OK);
    EXPECT_EQ(peer.receive(), "still here");
}

TEST(StreamTransportLife, EachFailingCallbackEndsThatConnectionWithItsStatus) {
    for (const std::string_view failing : {"made", "data", "eof"}) {
        Recorder recorder;
        Rig rig;
        recorder.on = [&](std::string_view event) {
            return event == failing ? ph_status{PH_E_EXCEPTION} : ph_status{PH_OK};
        };
        auto [peer, transport] = rig.connect(recorder);
        peer.send("x");
        peer.shut_down();
        rig.run_until([&] { return rig.ends == 1; });
        EXPECT_EQ(recorder.count("lost:" + std::to_string(PH_E_EXCEPTION)), 1u) << failing;
        EXPECT_EQ(rig.failures.size(), 1u) << failing;
    }
}

TEST(StreamTransportLife, WhatAPluginThrowsAcrossTheBorderIsCaught) {
    Recorder recorder;
    Rig rig;
    recorder.on = [&](std::string_view event) -> ph_status {
        if (event == "data") throw std::runtime_error("no SDK was used");
        return PH_OK;
    };
    auto [peer, transport] = rig.connect(recorder);
    peer.send("x");
    rig.run_until([&] { return rig.ends == 1; });
    ASSERT_EQ(rig.failures.size(), 1u);
    EXPECT_EQ(rig.failures[0], "data_received: an exception crossed the border: no SDK was used");
}

TEST(StreamTransportLife, FailingInConnectionLostIsReportedAndEndsAllTheSame) {
    Recorder recorder;
    Rig rig;
    recorder.on = [&](std::string_view event) {
        return event == "lost" ? ph_status{PH_E_FAIL} : ph_status{PH_OK};
    };
    auto [peer, transport] = rig.connect(recorder);
    transport->close();
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(rig.failures, Events{"connection_lost: failed without saying why"});
    EXPECT_EQ(recorder.events, (Events{"made", "lost", "destroy"}));
}

TEST(StreamTransportLife, WritingInConnectionLostIsHarmless) {
    Recorder recorder;
    Rig rig;
    recorder.on = [&](std::string_view event) {
        if (event == "lost") {
            EXPECT_EQ(recorder.transport->write("x", 1), PH_E_CLOSED);
            EXPECT_EQ(recorder.transport->write_eof(), PH_OK);
            recorder.transport->close();
            recorder.transport->abort();
            recorder.transport->pause_reading();
            recorder.transport->resume_reading();
            EXPECT_FALSE(recorder.transport->is_reading());
        }
        return PH_OK;
    };
    auto [peer, transport] = rig.connect(recorder);
    transport->abort();
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.count("lost"), 1u);
}

TEST(StreamTransportLife, DrainClosesUnlessTheProtocolWantsToFinish) {
    Recorder leaves;
    Recorder stays;
    Rig rig;
    stays.keep_open_at_drain = true;
    auto left = rig.connect(leaves);
    auto stayed = rig.connect(stays);
    left.transport->drain(0);
    stayed.transport->drain(0);
    stayed.transport->drain(0);
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(leaves.events, (Events{"made", "drain", "lost", "destroy"}));
    EXPECT_EQ(stays.events, (Events{"made", "drain"}));
    EXPECT_FALSE(stayed.transport->is_closing());
}

TEST(StreamTransportLife, SetProtocolSwitchesTheNextCallbackAndDestroysTheOldOneLater) {
    Recorder first;
    Recorder second;
    Rig rig;
    first.on = [&](std::string_view event) {
        if (event == "data") {
            EXPECT_EQ(first.transport->set_protocol(second.proto()), PH_OK);
            EXPECT_EQ(first.count("destroy"), 0u) << "its callback is on the stack";
            EXPECT_EQ(first.transport->get_protocol().self, &second);
        }
        return PH_OK;
    };
    auto [peer, transport] = rig.connect(first);
    peer.send("one");
    rig.run_until([&] { return first.count("destroy") == 1; });
    peer.send("two");
    peer.shut_down();
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(first.events, (Events{"made", "data:one", "destroy"}));
    EXPECT_EQ(second.events, (Events{"data:two", "eof", "lost", "destroy"}));
}

TEST(StreamTransportLife, SetProtocolRefusesAnotherKind) {
    Recorder recorder;
    Rig rig;
    auto [peer, transport] = rig.connect(recorder);
    ph_any_ops datagram{};
    datagram.size = sizeof datagram;
    datagram.kind = PH_DATAGRAM;
    EXPECT_EQ(transport->set_protocol({&datagram, nullptr}), PH_E_INVAL);
    EXPECT_EQ(transport->set_protocol({nullptr, nullptr}), PH_E_INVAL);
    EXPECT_EQ(transport->get_protocol().self, &recorder);
}

TEST(StreamTransportLife, AReferenceIsGoneWithItsTransportAndNeverReused) {
    Recorder first;
    Recorder second;
    Rig rig;
    auto one = rig.connect(first);
    const ph_ref reference = one.transport->ref();
    EXPECT_EQ(rig.loop.references().find(reference), one.transport);
    EXPECT_EQ(one.transport->ref(), reference);
    one.transport->abort();
    rig.run_until([&] { return rig.ends == 1; });
    auto two = rig.connect(second);
    EXPECT_NE(two.transport->ref(), reference);
    EXPECT_EQ(rig.loop.references().find(reference), nullptr);
    EXPECT_EQ(rig.loop.references().find(0), nullptr);
}

TEST(StreamTransportLife, ExtraInfoNamesBothEndsAndTheSocket) {
    Recorder recorder;
    Rig rig;
    auto connection = rig.connect(recorder);
    Peer& peer = connection.peer;
    StreamTransport* const transport = connection.transport;
    const auto text = [&](std::string_view name) {
        ph_info info{};
        EXPECT_EQ(transport->get_extra_info(name, info), PH_OK) << name;
        return std::string(info.text.p, info.text.n);
    };
    EXPECT_EQ(text("peername"), SocketAddress::local_of(peer.fd()).text());
    EXPECT_EQ(text("sockname").substr(0, 10), "127.0.0.1:");
    ph_info info{};
    EXPECT_EQ(transport->get_extra_info("socket", info), PH_OK);
    EXPECT_EQ(info.kind, std::uint32_t{PH_INFO_DESCRIPTOR});
    EXPECT_GE(info.number, 0);
    ph_info none{};
    EXPECT_EQ(transport->get_extra_info("cipher", none), PH_E_UNSUPPORTED);
    EXPECT_EQ(none.kind, std::uint32_t{PH_INFO_NONE});
}

TEST(StreamTransportLife, BothNamesAreKnownInConnectionLost) {
    Recorder recorder;
    Rig rig;
    std::vector<std::string> names;
    recorder.on = [&](std::string_view event) {
        if (event != "made" && event != "lost") return PH_OK;
        for (const std::string_view name : {"peername", "sockname"}) {
            ph_info info{};
            EXPECT_EQ(recorder.transport->get_extra_info(name, info), PH_OK) << event;
            names.emplace_back(info.text.p, info.text.n);
        }
        return PH_OK;
    };
    auto [peer, transport] = rig.connect(recorder);
    peer.reset();
    rig.run_until([&] { return rig.ends == 1; });
    ASSERT_EQ(names.size(), 4u);
    EXPECT_EQ(names[0], names[2]);
    EXPECT_EQ(names[1], names[3]);
    EXPECT_NE(names[0], names[1]);
}

TEST(StreamTransportLife, WithoutEofReceivedTheEndCloses) {
    Recorder recorder;
    Rig rig;
    auto table = *reinterpret_cast<const ph_stream_ops*>(recorder.proto().ops);
    table.eof_received = nullptr;
    auto [peer, transport] = rig.connect(recorder);
    ASSERT_EQ(transport->set_protocol({reinterpret_cast<const ph_any_ops*>(&table), &recorder}),
              PH_OK);
    peer.send("last");
    peer.shut_down();
    rig.run_until([&] { return rig.ends == 1; });
    EXPECT_EQ(recorder.count("eof"), 0u);
    EXPECT_EQ(recorder.received, "last");
    EXPECT_EQ(recorder.count("lost"), 1u);
}

TEST(StreamTransportLife, AReleaseThatComesWithTheTransportsEndFindsItNoMore) {
    struct Asked {
        Loop& loop;
        ph_ref reference;
        bool found = true;
    };
    const std::string block(1000000, 'o');
    Recorder recorder;
    Rig rig;
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    const Peer peer(ends[1]);
    auto transport = std::make_unique<StreamTransport>(rig.loop,
                                                       base::Descriptor(ends[0]),
                                                       PeerName(std::string("a pair")),
                                                       TransportSettings{},
                                                       rig.owner(),
                                                       nullptr);
    recorder.transport = transport.get();
    transport->start(recorder.proto());
    Asked asked{rig.loop, transport->ref()};
    const auto release = [](void* arg) {
        auto& question = *static_cast<Asked*>(arg);
        question.found = question.loop.references().find(question.reference) != nullptr;
    };
    EXPECT_EQ(transport->write_owned({block.data(), block.size()}, release, &asked), PH_OK);
    transport.reset();
    EXPECT_FALSE(asked.found);
}

}  // namespace
}  // namespace protohost::net::testing

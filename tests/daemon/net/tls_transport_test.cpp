// SPDX-License-Identifier: MIT
#include <linux/sockios.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/net/tls_links.hpp"

namespace protohost::net::testing {
namespace {

using Events = std::vector<std::string>;

/// A server's transport and a client, over each version of TLS.
class TlsTransport : public ::testing::TestWithParam<int> {
protected:
    TlsPeer& connect(const TransportSettings& settings = {}) {
        SSL_CTX_set_max_proto_version(tls.server_context(), GetParam());
        TlsPeer& peer = tls.connect(recorder, TlsContext::Role::server, settings);
        transport = recorder.transport;
        return peer;
    }
    void on(std::string_view event, std::function<void()> what) {
        recorder.on = [event, what = std::move(what)](std::string_view happened) {
            if (happened == event) what();
            return PH_OK;
        };
    }
    void run_to_the_end() {
        tls.rig.run_until([this] { return tls.rig.ends == 1; });
    }
    void write(std::string_view text) {
        EXPECT_EQ(transport->write(text.data(), text.size()), PH_OK);
    }
    bool half_closes() const { return GetParam() == TLS1_3_VERSION; }

    /// The transport's socket.
    int socket() {
        ph_info found{};
        transport->get_extra_info("socket", found);
        return static_cast<int>(found.number);
    }
    /// Bytes that the kernel has for the transport.
    std::size_t arrived() {
        int size = 0;
        ::ioctl(socket(), FIONREAD, &size);
        return static_cast<std::size_t>(size);
    }
    /// Bytes that are on their way: sent, and not confirmed.
    int in_flight() {
        int queued = 0;
        int unsent = 0;
        ::ioctl(socket(), SIOCOUTQ, &queued);
        ::ioctl(socket(), SIOCOUTQNSD, &unsent);
        return queued - unsent;
    }
    /// The kernel takes no more: what it took is no TLS, and to be drained.
    void fill_socket() {
        const std::string junk(4096, 'j');
        for (std::size_t more = 1; more > 0;) {
            more = 0;
            // What the peer's kernel confirms late makes room.
            while (in_flight() > 0) std::this_thread::yield();
            while (::send(socket(), junk.data(), junk.size(), 0) > 0) ++more;
            while (::send(socket(), junk.data(), 1, 0) > 0) ++more;
        }
    }
    /// Whether it would sleep, after so many turns as nothing needs.
    bool sleeps() {
        for (int i = 0; i < 100; ++i) {
            if (!tls.rig.loop.run_once(std::chrono::milliseconds(1))) return true;
        }
        return false;
    }
    void drain(TlsPeer& peer) {
        std::string junk(65536, '\0');
        do {
            while (::recv(peer.fd(), junk.data(), junk.size(), 0) > 0) continue;
        } while (!sleeps());
    }
    /// The answer is due before the next that the transport writes.
    void ask_for_new_keys(TlsPeer& peer) {
        ASSERT_EQ(SSL_key_update(peer.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
        ASSERT_TRUE(peer.handshake());
    }

    Recorder recorder;
    Recorder buffered{true};
    TlsLinks tls;
    StreamTransport* transport = nullptr;
};

TEST_P(TlsTransport, RunsFromMadeToLostInOrder) {
    TlsPeer& peer = connect();
    peer.send("hello");
    peer.notify();
    run_to_the_end();
    EXPECT_EQ(recorder.events, (Events{"made", "data:hello", "eof", "lost", "destroy"}));
    EXPECT_EQ(peer.receive_to_the_end(), "");
    EXPECT_EQ(peer.end, TlsPeer::End::notified) << "the end is answered";
}

TEST_P(TlsTransport, ACutOffStreamIsNoEnd) {
    TlsPeer& peer = connect();
    peer.send("hello");
    ::shutdown(peer.fd(), SHUT_WR);
    run_to_the_end();
    EXPECT_EQ(recorder.events,
              (Events{"made", "data:hello", "lost:" + std::to_string(PH_E_TRUNCATED), "destroy"}));
}

TEST_P(TlsTransport, AResetIsAReset) {
    TlsPeer& peer = connect();
    peer.reset();
    run_to_the_end();
    EXPECT_EQ(recorder.events, (Events{"made", "lost:" + std::to_string(ECONNRESET), "destroy"}));
}

TEST_P(TlsTransport, ABrokenRecordEndsIt) {
    TlsPeer& peer = connect();
    peer.send("hello");
    const std::string_view garbage("\x17\x03\x03\x00\x20 these are not encrypted at all...", 37);
    ::send(peer.fd(), garbage.data(), garbage.size(), 0);
    run_to_the_end();
    EXPECT_EQ(recorder.events,
              (Events{"made", "data:hello", "lost:" + std::to_string(PH_E_TLS), "destroy"}));
    EXPECT_EQ(peer.receive_to_the_end(), "");
    EXPECT_EQ(peer.end, TlsPeer::End::failed) << "the peer is told by an alert";
}

TEST_P(TlsTransport, RecordsThatCameTogetherAreToldTogether) {
    TlsPeer& peer = connect();
    transport->pause_reading();
    const auto before = BIO_number_written(SSL_get_wbio(peer.ssl()));
    for (int i = 0; i < 100; ++i) peer.send("x");
    const auto sent = BIO_number_written(SSL_get_wbio(peer.ssl())) - before;
    while (arrived() < sent) tls.rig.loop.run_once(std::chrono::milliseconds(1));
    transport->resume_reading();
    tls.rig.run_until([&] { return recorder.received.size() == 100; });
    EXPECT_EQ(recorder.count("data:" + std::string(100, 'x')), 1u);
}

TEST_P(TlsTransport, WhatOneCallbackWritesIsOneRecord) {
    on("data", [&] {
        write("one ");
        write("two ");
        write("three");
    });
    TlsPeer& peer = connect();
    peer.send("go");
    tls.rig.run_until([&] { return recorder.count("data:go") == 1; });
    EXPECT_EQ(peer.receive_record(), "one two three");
}

TEST_P(TlsTransport, NothingComesAfterPauseReading) {
    on("data", [&] { transport->pause_reading(); });
    TlsPeer& peer = connect();
    // More than the loop's buffer takes at once.
    const std::string block(16000, 'b');
    std::size_t sent = 0;
    for (; sent < 8 * block.size(); sent += block.size()) peer.send(block);
    tls.rig.run_until([&] { return !recorder.received.empty(); });
    const std::size_t received = recorder.received.size();
    EXPECT_TRUE(tls.rig.idle());
    EXPECT_EQ(recorder.received.size(), received);

    recorder.on = nullptr;
    transport->resume_reading();
    EXPECT_EQ(recorder.received.size(), received) << "never inside the call";
    tls.rig.run_until([&] { return recorder.received.size() == sent; });
}

TEST_P(TlsTransport, WhatWasReceivedIsToldBeforeTheEnd) {
    TlsPeer& peer = connect();
    transport->pause_reading();
    peer.send("last words");
    peer.notify();
    peer.close();
    EXPECT_TRUE(tls.rig.idle());
    EXPECT_EQ(recorder.events, Events{"made"});
    transport->resume_reading();
    run_to_the_end();
    EXPECT_EQ(recorder.events, (Events{"made", "data:last words", "eof", "lost", "destroy"}));
}

TEST_P(TlsTransport, PausedInTheLastDataTheEndWaits) {
    on("data", [&] { transport->pause_reading(); });
    TlsPeer& peer = connect();
    peer.send("last words");
    peer.notify();
    tls.rig.run_until([&] { return recorder.count("data:last words") == 1; });
    EXPECT_TRUE(tls.rig.idle());
    EXPECT_EQ(recorder.count("eof"), 0u);
    transport->resume_reading();
    run_to_the_end();
    EXPECT_EQ(recorder.count("eof"), 1u);
}

TEST_P(TlsTransport, ASlowPeerGetsEverythingAndTheCountReturnsToZero) {
    TlsPeer& peer = connect({.write_buffer = {.high = 65536, .low = 16384}});
    std::string all;
    for (int i = 0; i < 400; ++i) {
        const std::string part =
            std::to_string(i) + std::string(static_cast<std::size_t>(i * 7), 'p');
        write(part);
        all += part;
    }
    EXPECT_GT(transport->get_write_buffer_size(), 65536u);
    EXPECT_EQ(recorder.count("pause"), 1u);
    EXPECT_TRUE(peer.receive(all.size()) == all);
    tls.rig.run_until([&] { return recorder.count("resume") == 1; });
    EXPECT_EQ(transport->get_write_buffer_size(), 0u);
    EXPECT_EQ(tls.rig.loop.write_budget().used(), 0u);
    EXPECT_EQ(recorder.events, (Events{"made", "pause", "resume"}));
    EXPECT_EQ(transport->traffic().sent, all.size());
}

TEST_P(TlsTransport, BorrowedBytesAreReleasedOnce) {
    TlsPeer& peer = connect();
    const std::string large(300000, 'l');
    int released = 0;
    const auto release = [](void* count) { ++*static_cast<int*>(count); };
    EXPECT_EQ(transport->write_owned({large.data(), large.size()}, release, &released), PH_OK);
    EXPECT_EQ(transport->write_owned({large.data(), 5}, release, &released), PH_OK);
    EXPECT_EQ(released, 0);
    EXPECT_EQ(peer.receive(large.size() + 5).size(), large.size() + 5);
    EXPECT_EQ(released, 2);
}

TEST_P(TlsTransport, CloseFlushesThenTellsThePeer) {
    TlsPeer& peer = connect({.write_buffer = {.high = 1 << 20, .low = 0}});
    const std::string large(700000, 'l');
    write(large);
    transport->close();
    EXPECT_EQ(recorder.count("lost"), 0u);
    EXPECT_TRUE(peer.receive_to_the_end() == large);
    EXPECT_EQ(peer.end, TlsPeer::End::notified);
    run_to_the_end();
    EXPECT_EQ(recorder.events, (Events{"made", "lost", "destroy"}));
}

TEST_P(TlsTransport, AbortTellsThePeerNothing) {
    TlsPeer& peer = connect();
    transport->abort();
    run_to_the_end();
    EXPECT_EQ(peer.receive_to_the_end(), "");
    EXPECT_NE(peer.end, TlsPeer::End::notified);
    EXPECT_EQ(recorder.events, (Events{"made", "lost", "destroy"}));
}

TEST_P(TlsTransport, ClosePolicyAbortTellsThePeerNothing) {
    tls.server.close = {TlsClose::Policy::abort, {}};
    TlsPeer& peer = connect();
    write("bye");
    transport->close();
    EXPECT_EQ(peer.receive_to_the_end(), "bye") << "it flushes all the same";
    EXPECT_EQ(peer.end, TlsPeer::End::cut_off);
}

TEST_P(TlsTransport, ClosePolicyWaitWaitsForTheAnswer) {
    tls.server.close = {TlsClose::Policy::wait, std::chrono::seconds(10)};
    TlsPeer& peer = connect();
    transport->close();
    EXPECT_EQ(peer.receive_to_the_end(), "");
    EXPECT_EQ(peer.end, TlsPeer::End::notified);
    peer.send("too late");
    EXPECT_TRUE(tls.rig.idle());
    EXPECT_EQ(recorder.events, Events{"made"});
    peer.notify();
    run_to_the_end();
    EXPECT_EQ(recorder.events, (Events{"made", "lost", "destroy"}));
}

TEST_P(TlsTransport, WhatIsWrittenBehindOurCloseNotifyIsDropped) {
    tls.server.close = {TlsClose::Policy::wait, std::chrono::seconds(10)};
    TlsPeer& peer = connect();
    transport->close();
    EXPECT_EQ(transport->write("x", 1), PH_E_CLOSED);
    EXPECT_EQ(transport->traffic().dropped, 1u);
    EXPECT_EQ(peer.receive_to_the_end(), "");
    EXPECT_EQ(peer.end, TlsPeer::End::notified);
    EXPECT_EQ(transport->write("x", 1), PH_E_CLOSED);
    peer.notify();
    run_to_the_end();
    EXPECT_EQ(recorder.events, (Events{"made", "lost", "destroy"}));
}

TEST_P(TlsTransport, ClosePolicyWaitIsContentWithAClosedSocket) {
    tls.server.close = {TlsClose::Policy::wait, std::chrono::seconds(10)};
    TlsPeer& peer = connect();
    transport->close();
    tls.rig.run_ready();
    peer.close();
    run_to_the_end();
    EXPECT_EQ(recorder.events, (Events{"made", "lost", "destroy"}));
}

TEST_P(TlsTransport, ClosePolicyWaitEndsAtItsTime) {
    tls.server.close = {TlsClose::Policy::wait, std::chrono::milliseconds(30)};
    connect();
    transport->close();
    run_to_the_end();
    EXPECT_EQ(recorder.events, (Events{"made", "lost:" + std::to_string(PH_E_TIMEOUT), "destroy"}));
    EXPECT_EQ(tls.rig.timeouts,
              Events{"the peer did not answer close_notify within 30ms (tls.close)"});
}

TEST_P(TlsTransport, OneDirectionEndsWhereTheVersionCan) {
    recorder.keep_open_at_eof = true;
    on("eof", [&] { write("after your end"); });
    TlsPeer& peer = connect();
    peer.notify();
    tls.rig.run_until([&] { return recorder.count("eof") == 1; });
    EXPECT_EQ(transport->can_write_eof(), half_closes());
    EXPECT_EQ(transport->is_closing(), !half_closes());
    if (half_closes()) {
        tls.rig.run_ready();
        write(", later");
        EXPECT_EQ(transport->write_eof(), PH_OK);
        EXPECT_EQ(peer.receive_to_the_end(), "after your end, later");
        EXPECT_FALSE(transport->is_closing());
        transport->close();
    } else {
        EXPECT_EQ(transport->write_eof(), PH_E_UNSUPPORTED);
        EXPECT_EQ(peer.receive_to_the_end(), "after your end");
    }
    EXPECT_EQ(peer.end, TlsPeer::End::notified);
    run_to_the_end();
    EXPECT_EQ(recorder.events, (Events{"made", "eof", "lost", "destroy"}));
}

TEST_P(TlsTransport, AfterOurEndThePeerStillSends) {
    if (!half_closes()) GTEST_SKIP() << "TLS 1.2 ends both directions at once";
    TlsPeer& peer = connect();
    write("all I say");
    EXPECT_EQ(transport->write_eof(), PH_OK);
    EXPECT_EQ(transport->write("late", 4), PH_E_EOF_WRITTEN);
    EXPECT_EQ(peer.receive_to_the_end(), "all I say");
    peer.send("and all I say");
    peer.notify();
    run_to_the_end();
    EXPECT_EQ(recorder.events, (Events{"made", "data:and all I say", "eof", "lost", "destroy"}));
}

TEST_P(TlsTransport, AResetThatNobodyHasNoticedIsFoundByWriteEof) {
    if (!half_closes()) GTEST_SKIP() << "TLS 1.2 ends both directions at once";
    TlsPeer& peer = connect();
    transport->pause_reading();
    peer.reset();
    EXPECT_EQ(transport->write_eof(), PH_OK);
    run_to_the_end();
    EXPECT_EQ(recorder.events, (Events{"made", "lost:" + std::to_string(ECONNRESET), "destroy"}));
}

TEST_P(TlsTransport, BehindThePeersEndAWriteThatFailsSaysWhy) {
    if (!half_closes()) GTEST_SKIP() << "TLS 1.2 ends both directions at once";
    recorder.keep_open_at_eof = true;
    TlsPeer& peer = connect();
    peer.notify();
    tls.rig.run_until([&] { return recorder.count("eof") == 1; });
    peer.reset();
    EXPECT_EQ(transport->write("to nobody", 9), PH_E_CLOSED);
    run_to_the_end();
    EXPECT_EQ(recorder.events,
              (Events{"made", "eof", "lost:" + std::to_string(ECONNRESET), "destroy"}));
}

TEST_P(TlsTransport, ASmallBufferOfTheProtocolGetsAllOfARecord) {
    buffered.buffer_size = 7;
    SSL_CTX_set_max_proto_version(tls.server_context(), GetParam());
    TlsPeer& peer = tls.connect(buffered);
    peer.send("a record of more than seven bytes");
    tls.rig.run_until([&] { return buffered.received.size() == 33; });
    EXPECT_EQ(buffered.received, "a record of more than seven bytes");
    EXPECT_TRUE(tls.rig.idle());
}

TEST_P(TlsTransport, HalfARecordKeepsNobodyBusy) {
    TlsPeer& peer = connect();
    // One whole record and the header of another.
    peer.send("whole");
    ::send(peer.fd(), "\x17\x03\x03", 3, 0);
    tls.rig.run_until([&] { return recorder.received == "whole"; });
    EXPECT_TRUE(tls.rig.idle());
}

TEST_P(TlsTransport, APeerThatRenegotiatesIsRefused) {
    if (half_closes()) GTEST_SKIP() << "TLS 1.3 has no renegotiation";
    TlsPeer& peer = connect();
    SSL_clear_options(peer.ssl(), SSL_OP_NO_RENEGOTIATION);
    ASSERT_EQ(SSL_renegotiate(peer.ssl()), 1);
    EXPECT_FALSE(peer.handshake());
    EXPECT_EQ(peer.failure, "no renegotiation");
}

TEST_P(TlsTransport, KeysChange) {
    if (!half_closes()) GTEST_SKIP() << "TLS 1.2 has no key update";
    on("data", [&] { write("pong"); });
    TlsPeer& peer = connect();
    for (int i = 0; i < 5; ++i) {
        ASSERT_EQ(SSL_key_update(peer.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
        peer.send("ping");
        EXPECT_EQ(peer.receive(4), "pong");
    }
}

TEST_P(TlsTransport, WhileItsNewKeysFindNoRoomNobodyIsBusy) {
    if (!half_closes()) GTEST_SKIP() << "TLS 1.2 has no key update";
    TlsPeer& peer = connect();
    ask_for_new_keys(peer);
    ASSERT_TRUE(sleeps());
    fill_socket();
    write("answer");
    peer.send("hello");
    EXPECT_TRUE(sleeps());
    drain(peer);
    tls.rig.run_until([&] { return recorder.received == "hello"; });
    EXPECT_EQ(transport->get_write_buffer_size(), 0u);
}

TEST_P(TlsTransport, WhatHadArrivedBeforeIsReadAfterThem) {
    if (!half_closes()) GTEST_SKIP() << "TLS 1.2 has no key update";
    buffered.buffer_size = 2;
    TlsPeer& peer = tls.connect(buffered);
    transport = buffered.transport;
    buffered.on = [&](std::string_view event) {
        if (event == "updated" && buffered.received == "he") {
            fill_socket();
            write("answer");
        }
        return PH_OK;
    };
    ask_for_new_keys(peer);
    peer.send("hello");
    tls.rig.run_until([&] { return buffered.received == "he"; });
    EXPECT_TRUE(sleeps());
    drain(peer);
    EXPECT_EQ(buffered.received, "hello");
}

TEST_P(TlsTransport, ItsTimeoutsAreThoseOfStreams) {
    connect({.write_buffer = {}, .idle = std::chrono::milliseconds(40)});
    run_to_the_end();
    EXPECT_EQ(recorder.events, (Events{"made", "lost:" + std::to_string(PH_E_TIMEOUT), "destroy"}));
    EXPECT_EQ(tls.rig.timeouts, Events{"idle for 40ms (timeouts.idle)"});
}

TEST_P(TlsTransport, APeerThatTakesNothingIsTimedOut) {
    connect({.write_buffer = {.high = 1 << 22, .low = 0},
             .write_stall = std::chrono::milliseconds(40)});
    write(std::string(3 << 20, 'w'));
    run_to_the_end();
    EXPECT_EQ(tls.rig.timeouts,
              Events{"the peer has taken nothing for 40ms (timeouts.write_stall)"});
    EXPECT_EQ(tls.rig.loop.write_budget().used(), 0u);
}

TEST_P(TlsTransport, TheHardLimitHolds) {
    connect({.write_buffer = {.high = 1000, .low = 0, .limit = 100000}});
    const std::string large(100001, 'l');
    EXPECT_EQ(transport->write(large.data(), large.size()), PH_E_LIMIT);
    run_to_the_end();
    EXPECT_EQ(recorder.count("lost:" + std::to_string(PH_E_LIMIT)), 1u);
}

TEST_P(TlsTransport, AProtocolThatFailsEndsIt) {
    recorder.on = [](std::string_view event) {
        return event == "data" ? ph_status{PH_E_FAIL} : ph_status{PH_OK};
    };
    TlsPeer& peer = connect();
    peer.send("x");
    run_to_the_end();
    EXPECT_EQ(recorder.events,
              (Events{"made", "data:x", "lost:" + std::to_string(PH_E_FAIL), "destroy"}));
    EXPECT_EQ(peer.receive_to_the_end(), "");
    EXPECT_NE(peer.end, TlsPeer::End::notified);
}

INSTANTIATE_TEST_SUITE_P(All,
                         TlsTransport,
                         ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) {
                             return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13";
                         });

}  // namespace
}  // namespace protohost::net::testing

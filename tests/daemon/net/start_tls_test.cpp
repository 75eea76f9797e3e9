// SPDX-License-Identifier: MIT
#include <optional>
#include <string>
#include <sys/socket.h>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/net/tls_links.hpp"

namespace protohost::net::testing {
namespace {

using Events = std::vector<std::string>;
using Role = TlsContext::Role;

class StartTls : public ::testing::TestWithParam<Role> {
protected:
    struct Outcome {
        ph_status status;
        int os_errno;
        std::string text;
    };

    TlsPeer& connect() {
        TlsPeer& peer = tls.connect_plain(recorder, GetParam());
        transport = recorder.transport;
        return peer;
    }
    ph_status start(std::string received = {}) {
        return transport->start_tls(
            {tls.context(GetParam()), std::move(received), {}, tls.patience},
            [this](ph_status status, int os_errno, const std::string& text) {
                recorder.events.push_back("done");
                ASSERT_FALSE(outcome) << "told twice";
                outcome = {status, os_errno, text};
            });
    }
    void on(std::string_view event, std::function<void()> what) {
        recorder.on = [event, what = std::move(what)](std::string_view happened) {
            if (happened == event) what();
            return PH_OK;
        };
    }
    void write(std::string_view text) {
        EXPECT_EQ(transport->write(text.data(), text.size()), PH_OK);
    }
    void run_until_told() {
        tls.rig.run_until([this] { return outcome.has_value(); });
    }
    void run_to_the_end() {
        tls.rig.run_until([this] { return tls.rig.ends == 1; });
    }
    /// What the peer receives before TLS.
    std::string receive_plain(TlsPeer& peer, std::size_t size) {
        std::string text;
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (text.size() < size && std::chrono::steady_clock::now() < deadline) {
            std::string some(size - text.size(), '\0');
            const ssize_t got = ::recv(peer.fd(), some.data(), some.size(), MSG_DONTWAIT);
            text.append(some, 0, got > 0 ? static_cast<std::size_t>(got) : 0);
            tls.rig.loop.run_once(std::chrono::milliseconds(1));
        }
        return text;
    }

    Recorder recorder;
    TlsLinks tls;
    StreamTransport* transport = nullptr;
    std::optional<Outcome> outcome;
};

TEST_P(StartTls, GoesOnWithTheSameProtocol) {
    on("data", [&] {
        if (recorder.received != "STARTTLS") return;
        write("go");
        EXPECT_EQ(start(), PH_OK);
        EXPECT_FALSE(outcome) << "never inside the call";
        EXPECT_FALSE(transport->is_reading());
    });
    TlsPeer& peer = connect();
    ::send(peer.fd(), "STARTTLS", 8, 0);
    EXPECT_EQ(receive_plain(peer, 2), "go");
    ASSERT_TRUE(peer.handshake()) << peer.failure;
    run_until_told();
    EXPECT_EQ(outcome->status, PH_OK);
    EXPECT_TRUE(transport->is_reading());
    peer.send("secret");
    tls.rig.run_until([&] { return recorder.received == "STARTTLSsecret"; });
    write("answer");
    EXPECT_EQ(peer.receive(6), "answer");
    EXPECT_EQ(recorder.events, (Events{"made", "data:STARTTLS", "done", "data:secret"}));
}

TEST_P(StartTls, WhatWaitedGoesBeforeItAndWhatIsWrittenMeanwhileBehind) {
    TlsPeer& peer = connect();
    Rig::fill(*transport);
    const std::size_t plain = transport->traffic().sent + transport->get_write_buffer_size();
    ASSERT_EQ(start(), PH_OK);
    write("secret");
    EXPECT_TRUE(receive_plain(peer, plain) == std::string(plain, 'f'));
    ASSERT_TRUE(peer.handshake()) << peer.failure;
    EXPECT_EQ(peer.receive(6), "secret");
    run_until_told();
    EXPECT_EQ(outcome->status, PH_OK);
    EXPECT_EQ(transport->get_write_buffer_size(), 0u);
}

TEST_P(StartTls, MayBeginWhenTheLastBytesBeforeItAreGivenBack) {
    for (const bool more : {false, true}) {
        SCOPED_TRACE(more ? "others wait behind them" : "they are the last");
        TlsPeer& peer = connect();
        Rig::fill(*transport);
        std::size_t plain = transport->traffic().sent + transport->get_write_buffer_size() + 2;
        std::function<void()> begin = [&] { EXPECT_EQ(start(), PH_OK); };
        const auto given_back = [](void* then) { (*static_cast<decltype(begin)*>(then))(); };
        EXPECT_EQ(transport->write_owned({"go", 2}, given_back, &begin), PH_OK);
        if (more) {
            write(std::string(100'000, 'f'));
            plain += 100'000;
        }
        EXPECT_EQ(receive_plain(peer, plain).size(), plain);
        ASSERT_TRUE(peer.handshake()) << peer.failure;
        run_until_told();
        EXPECT_EQ(outcome->status, PH_OK);
        write("secret");
        EXPECT_EQ(peer.receive(6), "secret");
        outcome.reset();
    }
}

TEST_P(StartTls, BytesHandedOverBelongToTls) {
    if (GetParam() == Role::client) GTEST_SKIP() << "a client speaks first";
    on("data", [&] {
        // All came in one piece: what follows the command is TLS already.
        const std::string command = "STARTTLS";
        if (recorder.received.substr(0, 8) == command && !outcome) {
            EXPECT_EQ(start(recorder.received.substr(8)), PH_OK);
        }
    });
    TlsPeer& peer = connect();
    // The first flight of a client that waits for no answer.
    BIO* const flight = BIO_new(BIO_s_mem());
    BIO* const socket = SSL_get_wbio(peer.ssl());
    BIO_up_ref(socket);
    SSL_set0_wbio(peer.ssl(), flight);
    EXPECT_FALSE(peer.handshake_step());
    char* hello = nullptr;
    const long size = BIO_ctrl(flight, BIO_CTRL_INFO, 0, &hello);
    const std::string all = "STARTTLS" + std::string(hello, static_cast<std::size_t>(size));
    ::send(peer.fd(), all.data(), all.size(), 0);
    SSL_set0_wbio(peer.ssl(), socket);
    ASSERT_TRUE(peer.handshake()) << peer.failure;
    run_until_told();
    EXPECT_EQ(outcome->status, PH_OK);
    recorder.on = nullptr;
    peer.send("secret");
    tls.rig.run_until([&] { return recorder.count("data:secret") == 1; });
}

TEST_P(StartTls, PlainBytesAfterTheSwitchAreRefused) {
    TlsPeer& peer = connect();
    ASSERT_EQ(start(), PH_OK);
    ::send(peer.fd(), "MAIL FROM:<mallory@example.org>\r\n", 33, 0);
    run_to_the_end();
    EXPECT_EQ(outcome->status, PH_E_TLS);
    EXPECT_EQ(recorder.events,
              (Events{"made", "done", "lost:" + std::to_string(PH_E_TLS), "destroy"}));
    EXPECT_EQ(recorder.received, "");
}

TEST_P(StartTls, FailsBeforeTheConnectionIsLost) {
    tls.trust_a_stranger();
    TlsPeer& peer = connect();
    ASSERT_EQ(start(), PH_OK);
    write("never sent");
    peer.handshake();
    peer.receive_record();
    run_to_the_end();
    EXPECT_EQ(outcome->status, PH_E_TLS);
    EXPECT_FALSE(outcome->text.empty());
    EXPECT_EQ(recorder.events,
              (Events{"made", "done", "lost:" + std::to_string(PH_E_TLS), "destroy"}));
    EXPECT_EQ(tls.rig.loop.write_budget().used(), 0u);
}

TEST_P(StartTls, ASilentPeerTakesTooLong) {
    tls.patience = std::chrono::milliseconds(30);
    connect();
    ASSERT_EQ(start(), PH_OK);
    run_to_the_end();
    EXPECT_EQ(outcome->status, PH_E_TIMEOUT);
    EXPECT_EQ(recorder.count("lost:" + std::to_string(PH_E_TIMEOUT)), 1u);
}

TEST_P(StartTls, CloseMeanwhileEndsItAtOnce) {
    connect();
    ASSERT_EQ(start(), PH_OK);
    write("never sent");
    transport->close();
    EXPECT_FALSE(outcome);
    run_to_the_end();
    EXPECT_EQ(outcome->status, PH_E_CLOSED);
    EXPECT_EQ(recorder.events, (Events{"made", "done", "lost", "destroy"}));
}

TEST_P(StartTls, CancelledNobodyIsTold) {
    connect();
    ASSERT_EQ(start(), PH_OK);
    transport->cancel_start_tls();
    transport->cancel_start_tls();
    run_to_the_end();
    EXPECT_FALSE(outcome);
    EXPECT_EQ(recorder.events, (Events{"made", "lost", "destroy"}));
}

TEST_P(StartTls, IsRefusedWhereItCannotBe) {
    TlsPeer& peer = connect();
    ASSERT_EQ(start(), PH_OK);
    EXPECT_EQ(start(), PH_E_BUSY);
    EXPECT_EQ(transport->sendfile(0, 0, 1, [](auto...) {}), PH_E_BUSY);
    EXPECT_EQ(transport->write_eof(), PH_E_UNSUPPORTED);
    ASSERT_TRUE(peer.handshake());
    run_until_told();
    EXPECT_EQ(start(), PH_E_UNSUPPORTED) << "there is TLS already";
    transport->close();
    EXPECT_EQ(start(), PH_E_CLOSED);
    run_to_the_end();
}

TEST_P(StartTls, IsRefusedAfterOurEnd) {
    connect();
    EXPECT_EQ(transport->write_eof(), PH_OK);
    EXPECT_EQ(start(), PH_E_EOF_WRITTEN);
}

TEST_P(StartTls, IsAStartThatDoneMayClose) {
    TlsPeer& peer = connect();
    ASSERT_EQ(transport->start_tls({tls.context(GetParam()), {}, {}, tls.patience},
                                   [this](auto...) { transport->close(); }),
              PH_OK);
    ASSERT_TRUE(peer.handshake());
    EXPECT_EQ(peer.receive_to_the_end(), "");
    EXPECT_EQ(peer.end, TlsPeer::End::notified);
    run_to_the_end();
    EXPECT_EQ(recorder.events, (Events{"made", "lost", "destroy"}));
}

INSTANTIATE_TEST_SUITE_P(All,
                         StartTls,
                         ::testing::Values(Role::server, Role::client),
                         [](const auto& role) {
                             return role.param == Role::server ? "Server" : "Client";
                         });

}  // namespace
}  // namespace protohost::net::testing

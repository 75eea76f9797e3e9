// SPDX-License-Identifier: MIT
#include <string>
#include <sys/socket.h>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/net/tls_links.hpp"

namespace protohost::net::testing {
namespace {

using Events = std::vector<std::string>;
using Role = TlsContext::Role;

/// A handshake that ends otherwise than in TLS.
class TlsHandshakeFailure : public ::testing::Test {
protected:
    TlsReason fail(TlsPeer& peer) {
        peer.handshake();
        return wait();
    }
    TlsReason wait() {
        tls.rig.run_until([this] { return tls.failure.has_value(); });
        EXPECT_TRUE(recorder.events.empty()) << "a protocol was told " << recorder.events.front();
        return tls.failure->reason;
    }
    void say(const TlsPeer& peer, std::string_view text) {
        ASSERT_EQ(::send(peer.fd(), text.data(), text.size(), 0), std::ssize(text));
    }

    Recorder recorder;
    TlsLinks tls;
};

TEST_F(TlsHandshakeFailure, GarbageIsNotTls) {
    TlsPeer& peer = tls.begin(recorder);
    say(peer, "GET / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(wait(), TlsReason::not_tls);
    EXPECT_EQ(tls.failure->code, PH_E_TLS);
    EXPECT_EQ(tls.failure->text, "http request");
}

TEST_F(TlsHandshakeFailure, APeerThatLeavesHasEnded) {
    TlsPeer& peer = tls.begin(recorder);
    peer.close();
    EXPECT_EQ(wait(), TlsReason::ended);
    EXPECT_EQ(tls.failure->code, PH_E_TRUNCATED);
}

TEST_F(TlsHandshakeFailure, APeerThatResetsIsToldApart) {
    TlsPeer& peer = tls.begin(recorder);
    peer.reset();
    EXPECT_EQ(wait(), TlsReason::reset);
    EXPECT_EQ(tls.failure->code, PH_E_OS);
    EXPECT_EQ(tls.failure->os_errno, ECONNRESET);
}

TEST_F(TlsHandshakeFailure, ASilentPeerTakesTooLong) {
    tls.patience = std::chrono::milliseconds(30);
    tls.begin(recorder);
    EXPECT_EQ(wait(), TlsReason::timeout);
    EXPECT_EQ(tls.failure->text,
              "the peer did not finish the TLS handshake within 30ms (tls.handshake_timeout)");
}

TEST_F(TlsHandshakeFailure, APeerThatSaysOneByteTakesTooLong) {
    tls.patience = std::chrono::milliseconds(30);
    TlsPeer& peer = tls.begin(recorder);
    say(peer, "\x16");
    EXPECT_EQ(wait(), TlsReason::timeout);
}

TEST_F(TlsHandshakeFailure, NoVersionInCommon) {
    SSL_CTX_set_min_proto_version(tls.server_context(), TLS1_3_VERSION);
    SSL_CTX_set_max_proto_version(tls.client_context(), TLS1_2_VERSION);
    TlsPeer& peer = tls.begin(recorder);
    EXPECT_EQ(fail(peer), TlsReason::version);
    EXPECT_EQ(peer.failure, "tlsv1 alert protocol version") << "the peer is told why";
}

TEST_F(TlsHandshakeFailure, NoCipherInCommon) {
    SSL_CTX_set_max_proto_version(tls.server_context(), TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(tls.server_context(), "ECDHE-ECDSA-AES128-GCM-SHA256");
    SSL_CTX_set_cipher_list(tls.client_context(), "ECDHE-ECDSA-AES256-GCM-SHA384");
    EXPECT_EQ(fail(tls.begin(recorder)), TlsReason::parameters);
}

TEST_F(TlsHandshakeFailure, APeerThatDoesNotTrustUsRefuses) {
    tls.trust_a_stranger();
    EXPECT_EQ(fail(tls.begin(recorder)), TlsReason::refused);
    EXPECT_EQ(tls.failure->text, "the peer says \"unknown CA\"");
}

TEST_F(TlsHandshakeFailure, AMissingCertificate) {
    tls.ask_the_client();
    EXPECT_EQ(fail(tls.begin(recorder)), TlsReason::certificate);
    EXPECT_EQ(tls.failure->text, "peer did not return a certificate");
}

TEST_F(TlsHandshakeFailure, AsAClientAnUntrustedCertificate) {
    tls.trust_a_stranger();
    EXPECT_EQ(fail(tls.begin(recorder, Role::client)), TlsReason::certificate);
    EXPECT_EQ(tls.failure->text,
              "certificate verify failed: unable to get local issuer certificate");
}

TEST_F(TlsHandshakeFailure, AsAClientAnotherName) {
    tls.client.server_name = "another.test";
    EXPECT_EQ(fail(tls.begin(recorder, Role::client)), TlsReason::certificate);
    EXPECT_EQ(tls.failure->text, "certificate verify failed: hostname mismatch");
}

TEST_F(TlsHandshakeFailure, AsAClientAnotherAddress) {
    tls.client.server_name = "127.0.0.2";
    EXPECT_EQ(fail(tls.begin(recorder, Role::client)), TlsReason::certificate);
    EXPECT_EQ(tls.failure->text, "certificate verify failed: IP address mismatch");
}

TEST_F(TlsHandshakeFailure, AsAClientANameThatNobodyCanHave) {
    for (const std::string_view name :
         {std::string_view("another.test\0.test", 18), std::string_view("127.0.0.1\0.test", 15)}) {
        tls.server_name_of_session = name;
        tls.failure.reset();
        EXPECT_EQ(fail(tls.begin(recorder, Role::client)), TlsReason::certificate);
        EXPECT_EQ(tls.failure->code, PH_E_TLS);
        EXPECT_EQ(tls.failure->text, "the name to be verified is none: it has a zero byte");
    }
}

TEST(TlsHandshake, OfManySilentPeersNothingIsMadeUntilTheySpeak) {
    Recorder recorder;
    TlsLinks tls;
    for (int i = 0; i < 200; ++i) tls.begin(recorder);
    tls.rig.run_ready();
    EXPECT_TRUE(recorder.events.empty());
    EXPECT_FALSE(tls.failure);
}

class TlsVersions : public ::testing::TestWithParam<int> {
protected:
    TlsPeer& begin(Recorder& for_recorder, Role role = Role::server) {
        SSL_CTX_set_max_proto_version(tls.server_context(), GetParam());
        return tls.begin(for_recorder, role);
    }
    TlsPeer& connect(Role role = Role::server) {
        SSL_CTX_set_max_proto_version(tls.server_context(), GetParam());
        return tls.connect(recorder, role);
    }
    std::string info(std::string_view name) {
        ph_info found{};
        found.size = sizeof found;
        if (recorder.transport->get_extra_info(name, found) != PH_OK) return "unknown";
        return found.kind == PH_INFO_NONE ? "none" : std::string(found.text.p, found.text.n);
    }

    Recorder recorder;
    TlsLinks tls;
};

TEST_P(TlsVersions, TheProtocolIsMadeAfterTheHandshake) {
    TlsPeer& peer = begin(recorder);
    peer.handshake_step();
    tls.rig.run_ready();
    EXPECT_TRUE(recorder.events.empty());
    ASSERT_TRUE(peer.handshake());
    tls.rig.run_until([&] { return recorder.transport != nullptr; });
    EXPECT_EQ(recorder.events, Events{"made"});
}

TEST_P(TlsVersions, BytesThatCameWithTheLastMessageAreTold) {
    if (GetParam() == TLS1_2_VERSION) GTEST_SKIP() << "the last message is the server's";
    TlsPeer& peer = begin(recorder);
    EXPECT_FALSE(peer.handshake_step());
    // What the client has to say from here on leaves in one piece.
    BIO* const flight = BIO_new(BIO_s_mem());
    BIO* const socket = SSL_get_wbio(peer.ssl());
    BIO_up_ref(socket);
    SSL_set0_wbio(peer.ssl(), flight);
    ASSERT_TRUE(peer.handshake()) << peer.failure;
    peer.send("hello");
    EXPECT_TRUE(recorder.events.empty());
    char* bytes = nullptr;
    const long size = BIO_ctrl(flight, BIO_CTRL_INFO, 0, &bytes);
    EXPECT_EQ(::send(peer.fd(), bytes, static_cast<std::size_t>(size), 0), size);
    SSL_set0_wbio(peer.ssl(), socket);
    tls.rig.run_until([&] { return !recorder.received.empty(); });
    EXPECT_EQ(recorder.events, (Events{"made", "data:hello"}));
}

/// Whether the transport reads meanwhile, and whether a record waits that is encrypted already.
class TlsTicketInPieces : public ::testing::TestWithParam<std::tuple<bool, bool>> {
protected:
    const bool reads = std::get<0>(GetParam());
    const bool committed = std::get<1>(GetParam());
    Recorder recorder;
    TlsLinks tls;
};

TEST_P(TlsTicketInPieces, HoldsUpWhatIsWrittenAndNoMore) {
    tls.ask_the_client();
    tls.client.certificates = {tls.issue("client.test")};
    TlsPeer& peer = tls.begin(recorder, Role::client);
    // Less than a ticket, which has the client's certificate in it.
    SSL_set_max_send_fragment(peer.ssl(), 512);
    tls.rig.run_ready();
    EXPECT_FALSE(peer.handshake_step());
    tls.rig.run_until([&] { return recorder.transport != nullptr; });
    StreamTransport& transport = *recorder.transport;
    BIO* const flight = BIO_new(BIO_s_mem());
    BIO* const socket = SSL_get_wbio(peer.ssl());
    BIO_up_ref(socket);
    SSL_set0_wbio(peer.ssl(), flight);
    ASSERT_TRUE(peer.handshake());
    peer.send("hello");
    char* bytes = nullptr;
    const long size = BIO_ctrl(flight, BIO_CTRL_INFO, 0, &bytes);
    const std::string all(bytes, static_cast<std::size_t>(size));
    SSL_set0_wbio(peer.ssl(), socket);
    // Behind its header what is encrypted, the kind of it, and the tag.
    const std::size_t record = 5 + 512 + 1 + 16;

    if (committed) Rig::fill(transport);
    const std::size_t before = transport.traffic().sent + transport.get_write_buffer_size();
    ASSERT_EQ(::send(peer.fd(), all.data(), record, 0), std::ssize(all.substr(0, record)));
    tls.rig.run_ready();
    if (!reads) transport.pause_reading();
    EXPECT_EQ(transport.write("answer", 6), PH_OK);
    const std::size_t received = committed ? peer.receive(1).size() : 0;
    int turns = 0;
    while (tls.rig.loop.run_once(std::chrono::milliseconds(1)) && turns < 100) ++turns;
    EXPECT_LT(turns, 100) << "busy";
    EXPECT_EQ(recorder.events, Events{"made"});
    EXPECT_EQ(transport.tls()->committed() != 0, committed);

    const std::string rest = all.substr(record);
    ASSERT_EQ(::send(peer.fd(), rest.data(), rest.size(), 0), std::ssize(rest));
    const std::string text = peer.receive(before - received + 6);
    EXPECT_EQ(text.substr(before - received), "answer");
    if (!reads) {
        EXPECT_TRUE(tls.rig.idle());
        EXPECT_EQ(recorder.received, "");
        transport.resume_reading();
    }
    tls.rig.run_until([&] { return recorder.received == "hello"; });
}

INSTANTIATE_TEST_SUITE_P(All,
                         TlsTicketInPieces,
                         ::testing::Combine(::testing::Bool(), ::testing::Bool()),
                         [](const auto& which) {
                             const bool reads = std::get<0>(which.param);
                             const bool committed = std::get<1>(which.param);
                             return std::string(reads ? "Reading" : "Paused") +
                                    (committed ? "BehindARecord" : "");
                         });

TEST_P(TlsVersions, AsAClientTheNameIsVerifiedAndAskedFor) {
    tls.client.server_name = "server.test";
    TlsPeer& peer = connect(Role::client);
    EXPECT_STREQ(SSL_get_servername(peer.ssl(), TLSEXT_NAMETYPE_host_name), "server.test");
    peer.send("hello");
    tls.rig.run_until([&] { return recorder.received == "hello"; });
    EXPECT_EQ(recorder.events, (Events{"made", "data:hello"}));
}

TEST_P(TlsVersions, ASessionMayWantAnotherName) {
    tls.client.server_name = "another.test";
    tls.server_name_of_session = "server.test";
    TlsPeer& peer = connect(Role::client);
    EXPECT_STREQ(SSL_get_servername(peer.ssl(), TLSEXT_NAMETYPE_host_name), "server.test");
}

TEST_P(TlsVersions, AsAClientAnAddressIsVerifiedAndNotAskedFor) {
    tls.client.server_name = "127.0.0.1";
    TlsPeer& peer = connect(Role::client);
    EXPECT_EQ(SSL_get_servername(peer.ssl(), TLSEXT_NAMETYPE_host_name), nullptr);
}

TEST_P(TlsVersions, TellsWhatWasAgreedOn) {
    tls.ask_the_client();
    tls.client.certificates = {tls.issue("client.test")};
    tls.server.alpn = {"echo"};
    tls.client.alpn = {"other", "echo"};
    TlsPeer& peer = begin(recorder);
    peer.ask_for("server.test");
    ASSERT_TRUE(peer.handshake());
    tls.rig.run_until([&] { return recorder.transport != nullptr; });

    EXPECT_EQ(info("version"), SSL_get_version(peer.ssl()));
    EXPECT_EQ(
        info("cipher"),
        std::string(SSL_get_cipher_name(peer.ssl())) + " " + SSL_get_version(peer.ssl()) + " 128");
    EXPECT_EQ(info("compression"), "none");
    EXPECT_EQ(info("peercert"), "CN=client.test");
    EXPECT_EQ(info("sslcontext"), "listener web");
    EXPECT_EQ(info("ssl_object"), "ph.tls/1");
    EXPECT_EQ(info("alpn"), "echo");
    EXPECT_EQ(info("sni"), "server.test");
    EXPECT_EQ(info("session_reused"), "false");
    EXPECT_EQ(info("peername").substr(0, 10), "127.0.0.1:");
    EXPECT_EQ(info("nonsense"), "unknown");
    EXPECT_EQ(recorder.transport->tls()->peer_certificate().size(),
              static_cast<std::size_t>(i2d_X509(SSL_get_certificate(peer.ssl()), nullptr)));
}

TEST_P(TlsVersions, TellsWhatThereIsNot) {
    connect();
    EXPECT_EQ(info("peercert"), "none");
    EXPECT_EQ(info("alpn"), "none");
    EXPECT_EQ(info("sni"), "none");
    EXPECT_EQ(recorder.transport->tls()->peer_certificate(), "");
}

TEST_P(TlsVersions, ASessionIsResumed) {
    TlsPeer& first = connect();
    // TLS 1.3 tells the client of it after the handshake.
    recorder.transport->write("x", 1);
    EXPECT_EQ(first.receive(1), "x");
    SSL_SESSION* const session = SSL_get1_session(first.ssl());
    first.close();
    tls.rig.run_until([&] { return tls.rig.ends == 1; });

    TlsPeer& second = begin(recorder);
    SSL_set_session(second.ssl(), session);
    SSL_SESSION_free(session);
    recorder.transport = nullptr;
    ASSERT_TRUE(second.handshake());
    tls.rig.run_until([&] { return recorder.transport != nullptr; });
    EXPECT_EQ(info("session_reused"), "true");
}

INSTANTIATE_TEST_SUITE_P(All,
                         TlsVersions,
                         ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) {
                             return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13";
                         });

}  // namespace
}  // namespace protohost::net::testing

// SPDX-License-Identifier: MIT
#include "daemon/net/tls_session_cache.hpp"

#include <ctime>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "tests/daemon/net/tls_rig.hpp"

namespace protohost::net::testing {
namespace {

/// Sessions of a server that OpenSSL is.
struct TlsSessionCacheTest : ::testing::Test {
    Authority authority{"Root"};
    TlsFolder folder;
    std::shared_ptr<SSL_CTX> client{SSL_CTX_new(TLS_client_method()), SSL_CTX_free};
    std::shared_ptr<SSL_CTX> server;
    TlsSessionCache cache;

    TlsSessionCacheTest() { certify({}); }

    void certify(const Wish& wish) {
        server.reset(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
        const auto pair = folder.write("server", authority.issue(wish));
        SSL_CTX_use_certificate_file(server.get(), pair.certificate.text.c_str(), SSL_FILETYPE_PEM);
        SSL_CTX_use_PrivateKey_file(server.get(), pair.key.text.c_str(), SSL_FILETYPE_PEM);
    }
    OwnedSession make(int version = TLS1_3_VERSION) {
        SSL_CTX_set_max_proto_version(server.get(), version);
        // Its end, without close_notify, spoils the session that it has.
        const Handshake made(client.get(), server.get());
        EXPECT_EQ(SSL_SESSION_is_resumable(made.session().get()), 1);
        return OwnedSession(SSL_SESSION_dup(made.session().get()));
    }
    /// Keeps one that is resumable but for its age.
    void keep_of_age(std::time_t seconds, int version) {
        auto session = make(version);
        SSL_SESSION_set_time(session.get(), std::time(nullptr) - seconds);
        cache.keep("a", std::move(session));
    }
};

TEST_F(TlsSessionCacheTest, OneOfTls13IsForOneConnectionAndTheNewestFirst) {
    auto first = make();
    auto second = make();
    SSL_SESSION* const expected[] = {second.get(), first.get()};
    cache.keep("a", std::move(first));
    cache.keep("a", std::move(second));
    EXPECT_EQ(cache.find("a").get(), expected[0]);
    EXPECT_EQ(cache.find("a").get(), expected[1]);
    EXPECT_EQ(cache.find("a"), nullptr);
}

TEST_F(TlsSessionCacheTest, OneOfTls12IsForAllUntilAnotherComes) {
    cache.keep("a", make(TLS1_2_VERSION));
    auto second = make(TLS1_2_VERSION);
    SSL_SESSION* const expected = second.get();
    cache.keep("a", std::move(second));
    EXPECT_EQ(cache.find("a").get(), expected);
    EXPECT_EQ(cache.find("a").get(), expected);
}

TEST_F(TlsSessionCacheTest, NoServerHasThoseOfAnother) {
    cache.keep("a", make());
    EXPECT_EQ(cache.find("b"), nullptr);
    cache.forget("b");
    EXPECT_NE(cache.find("a"), nullptr);
    cache.keep("a", make());
    cache.forget("a");
    EXPECT_EQ(cache.find("a"), nullptr);
}

TEST_F(TlsSessionCacheTest, KeepsFewOfOneServer) {
    for (std::size_t i = 0; i < TlsSessionCache::most_of_a_server + 2; ++i) cache.keep("a", make());
    std::size_t kept = 0;
    while (cache.find("a") != nullptr) ++kept;
    EXPECT_EQ(kept, TlsSessionCache::most_of_a_server);
}

TEST_F(TlsSessionCacheTest, ForgetsTheServerThatNobodyHasAskedForLongest) {
    cache.keep("first", make(TLS1_2_VERSION));
    cache.keep("second", make(TLS1_2_VERSION));
    for (std::size_t i = 2; i < TlsSessionCache::most_servers; ++i) {
        cache.keep(std::to_string(i), make(TLS1_2_VERSION));
    }
    EXPECT_NE(cache.find("first"), nullptr);
    cache.keep("one more", make(TLS1_2_VERSION));
    EXPECT_NE(cache.find("first"), nullptr);
    EXPECT_EQ(cache.find("second"), nullptr);
}

TEST_F(TlsSessionCacheTest, WhatIsTooOldIsNotOffered) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        SSL_CTX_set_timeout(server.get(), 3600);
        keep_of_age(1000, version);
        EXPECT_NE(cache.find("a"), nullptr);
        keep_of_age(4000, version);
        EXPECT_EQ(cache.find("a"), nullptr) << "older than the server says";
        keep_of_age(-1000, version);
        EXPECT_EQ(cache.find("a"), nullptr) << "the clock was set back";
        SSL_CTX_set_timeout(server.get(), 7 * 24 * 3600);
        keep_of_age(25 * 3600, version);
        EXPECT_EQ(cache.find("a"), nullptr) << "older than a day";
    }
}

TEST_F(TlsSessionCacheTest, ACertificateThatHasExpiredIsNotTrustedOnceMore) {
    Wish wish;
    wish.begins = std::chrono::hours(-2);
    wish.ends = std::chrono::hours(-1);
    certify(wish);
    cache.keep("a", make());
    EXPECT_EQ(cache.find("a"), nullptr);
}

}  // namespace
}  // namespace protohost::net::testing

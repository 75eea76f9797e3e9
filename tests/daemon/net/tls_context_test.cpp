// SPDX-License-Identifier: MIT
#include "daemon/net/tls_context.hpp"

#include <openssl/err.h>

#include "tests/daemon/net/tls_rig.hpp"

// The context as a whole, by handshakes with a client of OpenSSL's own.

namespace protohost::net::testing {
namespace {

using Role = TlsContext::Role;
using Verify = model::TlsPeer::Verify;

std::string ticket_of(const SSL_SESSION& session) {
    const unsigned char* bytes = nullptr;
    std::size_t size = 0;
    SSL_SESSION_get0_ticket(&session, &bytes, &size);
    return {reinterpret_cast<const char*>(bytes), size};
}

struct TlsContextTest : ::testing::Test {
    Authority authority{"Root"};
    TlsFolder folder;

    model::Tls serving(const std::vector<Wish>& wishes) {
        model::Tls tls;
        for (const Wish& wish : wishes) {
            const std::string name = "c" + std::to_string(tls.certificates.size());
            tls.certificates.push_back(folder.write(name, authority.issue(wish)));
        }
        return tls;
    }
    model::Tls trusting() {
        model::Tls tls;
        tls.peer.verify = Verify::required;
        tls.peer.ca.text = folder.write("root.pem", authority.certificate(), 0644);
        tls.server_name = "localhost";
        return tls;
    }
    TlsContext::Pointer client = make_context(trusting(), Role::client);

    /// A client of which nothing is ours.
    std::shared_ptr<SSL_CTX> stranger{SSL_CTX_new(TLS_client_method()), SSL_CTX_free};
};

TEST_F(TlsContextTest, TellsWhatItWasMadeOf) {
    model::Tls tls = serving({{}});
    tls.handshake_timeout = std::chrono::microseconds(1500);
    tls.close = {model::TlsClose::Policy::wait, std::chrono::milliseconds(250)};
    const auto made = TlsContext::create(tls, Role::server, "listener web", 7);
    ASSERT_TRUE(made);
    EXPECT_EQ((*made)->name(), "listener web");
    EXPECT_EQ((*made)->generation(), 7U);
    EXPECT_EQ((*made)->role(), Role::server);
    EXPECT_EQ((*made)->handshake_timeout(), std::chrono::milliseconds(2));
    EXPECT_EQ((*made)->close(), tls.close);
    ASSERT_EQ((*made)->certificates().size(), 1U);
    const TlsCertificate& shown = (*made)->certificates()[0];
    EXPECT_EQ(shown.subject, "CN=localhost");
    EXPECT_EQ(shown.issuer, "CN=Root");
    EXPECT_EQ(shown.names, std::vector<std::string>{"localhost"});
    EXPECT_EQ(shown.key, "EC prime256v1");
    EXPECT_EQ(shown.fingerprint.size(), 64U);
    EXPECT_EQ(shown.file, tls.certificates[0].certificate.text);
}

TEST_F(TlsContextTest, ShakesHandsWithItsOwnClient) {
    const auto server = make_context(serving({{}}), Role::server);
    const Handshake handshake(client->handle(), server->handle(), "localhost");
    EXPECT_TRUE(handshake.done());
    EXPECT_STREQ(SSL_get_version(handshake.client()), "TLSv1.3");
    EXPECT_EQ(SSL_get_current_compression(handshake.client()), nullptr);
}

TEST_F(TlsContextTest, RefusesOldProtocols) {
    model::Tls tls = serving({{}});
    SSL_CTX_set_security_level(stranger.get(), 0);
    for (const auto& [version, twelve, thirteen] : {std::tuple{TLS1_1_VERSION, false, false},
                                                    std::tuple{TLS1_2_VERSION, true, false},
                                                    std::tuple{TLS1_3_VERSION, true, true}}) {
        SSL_CTX_set_min_proto_version(stranger.get(), TLS1_VERSION);
        SSL_CTX_set_max_proto_version(stranger.get(), version);
        tls.minimum_version = model::TlsVersion::tls12;
        EXPECT_EQ(Handshake(stranger.get(), make_context(tls, Role::server)->handle()).done(),
                  twelve);
        tls.minimum_version = model::TlsVersion::tls13;
        EXPECT_EQ(Handshake(stranger.get(), make_context(tls, Role::server)->handle()).done(),
                  thirteen);
    }
}

TEST_F(TlsContextTest, RefusesWeakCiphers) {
    const auto server = make_context(serving({{}, {.key = "RSA"}}), Role::server);
    SSL_CTX_set_max_proto_version(stranger.get(), TLS1_2_VERSION);
    SSL_CTX_set_security_level(stranger.get(), 0);
    for (const char* const weak :
         {"AES128-SHA", "AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA", "DHE-RSA-AES128-GCM-SHA256"}) {
        ASSERT_EQ(SSL_CTX_set_cipher_list(stranger.get(), weak), 1) << weak;
        EXPECT_FALSE(Handshake(stranger.get(), server->handle()).done()) << weak;
    }
    SSL_CTX_set_cipher_list(stranger.get(), "ECDHE-RSA-AES128-GCM-SHA256");
    EXPECT_TRUE(Handshake(stranger.get(), server->handle()).done());
}

TEST_F(TlsContextTest, UsesTheCiphersAndGroupsThatAreNamed) {
    model::Tls tls = serving({{}});
    tls.ciphers = {{"TLS_CHACHA20_POLY1305_SHA256"}, {"ECDHE-ECDSA-AES256-GCM-SHA384"}};
    tls.groups = {{"P-384"}};
    const auto server = make_context(tls, Role::server);
    const Handshake newer(stranger.get(), server->handle());
    ASSERT_TRUE(newer.done());
    EXPECT_STREQ(SSL_get_cipher_name(newer.client()), "TLS_CHACHA20_POLY1305_SHA256");
    EXPECT_EQ(SSL_get_negotiated_group(newer.client()), NID_secp384r1);
    SSL_CTX_set_max_proto_version(stranger.get(), TLS1_2_VERSION);
    const Handshake older(stranger.get(), server->handle());
    ASSERT_TRUE(older.done());
    EXPECT_STREQ(SSL_get_cipher_name(older.client()), "ECDHE-ECDSA-AES256-GCM-SHA384");
}

TEST_F(TlsContextTest, RefusesCiphersAndGroupsThatAreWeakOrUnknown) {
    model::Tls tls = serving({{}});
    tls.ciphers = {{"DES-CBC3-SHA", "x.yaml:3:5: listeners.web.tls.ciphers[0]"},
                   {"ECDHE-ECDSA-AES128-GCM-SHA265"},
                   {"HIGH"}};
    tls.groups = {{"sect163k1"}, {"P-265"}};
    EXPECT_EQ(
        problems_of(tls),
        "x.yaml:3:5: listeners.web.tls.ciphers[0]: no cipher \"DES-CBC3-SHA\" is known that "
        "is strong enough (remove it, and ours are used, or name another)\n"
        "listener web: no cipher \"ECDHE-ECDSA-AES128-GCM-SHA265\" is known that is strong "
        "enough (did you mean ECDHE-ECDSA-AES128-GCM-SHA256?)\n"
        "listener web: no cipher \"HIGH\" is known that is strong enough (remove it, and ours "
        "are used, or name another)\n"
        "listener web: no group \"sect163k1\" is known that is strong enough (remove it, and "
        "ours are used, or name another)\n"
        "listener web: no group \"P-265\" is known that is strong enough (did you mean "
        "P-256?)\n");
}

TEST_F(TlsContextTest, ShowsTheCertificateOfTheNameThatIsAskedFor) {
    const auto server = make_context(serving({{.names = {"first.test"}},
                                              {.names = {"a.example.test", "*.example.test"}},
                                              {.names = {"second.test"}}}),
                                     Role::server);
    const auto shown = [&](const std::string& name) {
        return Handshake(stranger.get(), server->handle(), name).shown().subject;
    };
    EXPECT_EQ(shown("second.test"), "CN=second.test");
    EXPECT_EQ(shown("SECOND.test"), "CN=second.test");
    EXPECT_EQ(shown("a.example.test"), "CN=a.example.test");
    EXPECT_EQ(shown("b.example.test"), "CN=a.example.test");
    EXPECT_EQ(shown("b.c.example.test"), "CN=first.test");
    EXPECT_EQ(shown("unknown.test"), "CN=first.test");
    EXPECT_EQ(shown(""), "CN=first.test");
}

TEST_F(TlsContextTest, ShowsTheKeyThatTheClientCanVerify) {
    const auto server = make_context(serving({{.names = {"x.test"}, .key = "RSA"},
                                              {.names = {"x.test"}, .key = "EC"},
                                              {.names = {"y.test"}, .key = "EC"}}),
                                     Role::server);
    const auto shown = [&](const char* algorithms, const std::string& name) {
        SSL_CTX_set1_sigalgs_list(stranger.get(), algorithms);
        return Handshake(stranger.get(), server->handle(), name).shown().key;
    };
    EXPECT_EQ(shown("ECDSA+SHA256", "x.test"), "EC prime256v1");
    EXPECT_EQ(shown("RSA-PSS+SHA256", "x.test"), "RSA 2048");
    EXPECT_EQ(shown("ECDSA+SHA256", ""), "EC prime256v1");
    EXPECT_EQ(shown("RSA-PSS+SHA256", ""), "RSA 2048");
    EXPECT_EQ(shown("ECDSA+SHA256", "y.test"), "EC prime256v1");
    EXPECT_EQ(shown("RSA-PSS+SHA256", "y.test"), "");  // it has no such key
}

TEST_F(TlsContextTest, AgreesOnTheFirstOfItsProtocolsThatIsOffered) {
    model::Tls tls = serving({{.names = {"x.test"}}, {.names = {"y.test"}}});
    tls.alpn = {"h2", "http/1.1"};
    const auto server = make_context(tls, Role::server);
    const auto agreed = [&](const std::vector<std::string>& offered, const std::string& name) {
        model::Tls wishes = trusting();
        wishes.alpn = offered;
        const auto offering = make_context(wishes, Role::client);
        const Handshake handshake(offering->handle(), server->handle(), name);
        if (!handshake.done()) return std::string("refused");
        const unsigned char* chosen = nullptr;
        unsigned size = 0;
        SSL_get0_alpn_selected(handshake.server(), &chosen, &size);
        return std::string(reinterpret_cast<const char*>(chosen), size);
    };
    EXPECT_EQ(agreed({"http/1.1", "h2"}, "x.test"), "h2");
    EXPECT_EQ(agreed({"x", "http/1.1"}, "y.test"), "http/1.1");
    EXPECT_EQ(agreed({"ftp"}, "x.test"), "refused");
    EXPECT_EQ(agreed({"h"}, "x.test"), "refused");
    EXPECT_EQ(agreed({}, "y.test"), "");
}

TEST_F(TlsContextTest, RefusesRenegotiation) {
    const auto server = make_context(serving({{}}), Role::server);
    SSL_CTX_set_max_proto_version(stranger.get(), TLS1_2_VERSION);
    const Handshake handshake(stranger.get(), server->handle());
    ASSERT_TRUE(handshake.done());
    ASSERT_EQ(SSL_renegotiate(handshake.client()), 1);
    SSL_do_handshake(handshake.client());
    char byte = 0;
    SSL_read(handshake.server(), &byte, 1);
    SSL_do_handshake(handshake.client());
    EXPECT_EQ(ERR_GET_REASON(ERR_peek_last_error()), SSL_R_NO_RENEGOTIATION);
    ERR_clear_error();
}

struct TlsMutual : TlsContextTest {
    Authority other{"Other"};
    model::Tls tls = serving({{}});

    bool admitted(const std::string& name, const Authority* issuer, int version = 0) {
        model::Tls wishes = trusting();
        if (issuer != nullptr) {
            wishes.certificates = {folder.write("client", issuer->issue({.names = {name}}))};
        }
        const auto mine = make_context(wishes, Role::client);
        SSL_CTX_set_max_proto_version(mine->handle(), version);
        return Handshake(mine->handle(), make_context(tls, Role::server)->handle()).done();
    }
    void ask(Verify verify, std::vector<std::string> names = {}) {
        tls.peer = trusting().peer;
        tls.peer.verify = verify;
        tls.peer.names = std::move(names);
    }
};

TEST_F(TlsMutual, AdmitsClientsOfItsAuthorityAlone) {
    for (const int version : {0, TLS1_2_VERSION}) {
        ask(Verify::required);
        EXPECT_TRUE(admitted("client", &authority, version));
        EXPECT_FALSE(admitted("client", &other, version));
        EXPECT_FALSE(admitted("client", nullptr, version));
        ask(Verify::optional);
        EXPECT_TRUE(admitted("client", &authority, version));
        EXPECT_FALSE(admitted("client", &other, version));
        EXPECT_TRUE(admitted("client", nullptr, version));
    }
}

TEST_F(TlsMutual, AdmitsCertainNamesAlone) {
    ask(Verify::required, {"Client7", "*.example.test"});
    EXPECT_TRUE(admitted("client7", &authority));
    EXPECT_TRUE(admitted("a.example.test", &authority));
    EXPECT_FALSE(admitted("example.test", &authority));
    EXPECT_FALSE(admitted("client8", &authority));
    EXPECT_FALSE(admitted("client7", &other));
    ask(Verify::optional, {"client7"});
    EXPECT_TRUE(admitted("", nullptr));
}

TEST_F(TlsMutual, TakesTheWordOfOneOfTheMiddle) {
    const Authority middle("Middle", authority);
    ask(Verify::required);
    tls.peer.ca.text = folder.write("middle.pem", middle.certificate());
    EXPECT_TRUE(admitted("client", &middle));
    EXPECT_FALSE(admitted("client", &authority));
}

TEST_F(TlsMutual, DoesNotResumeWhatWasVerifiedDifferently) {
    const auto open = make_context(tls, Role::server);
    const Handshake first(client->handle(), open->handle());
    ASSERT_TRUE(first.done());
    ask(Verify::required);
    const auto strict = make_context(tls, Role::server, open);
    const Handshake second(client->handle(), strict->handle(), "", first.session());
    EXPECT_FALSE(second.done());
}

TEST_F(TlsContextTest, ResumesWhenItsCertificateHasBeenReplaced) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        SSL_CTX_set_max_proto_version(stranger.get(), version);
        const auto before = make_context(serving({{}}), Role::server);
        const Handshake first(stranger.get(), before->handle(), "localhost");
        ASSERT_TRUE(first.done());
        EXPECT_FALSE(first.resumed());
        const auto after = make_context(serving({{}}), Role::server, before);
        EXPECT_NE(after->digest(), before->digest());
        const Handshake second(stranger.get(), after->handle(), "localhost", first.session());
        EXPECT_TRUE(second.done());
        EXPECT_TRUE(second.resumed());

        const auto unrelated = make_context(serving({{}}), Role::server);
        const Handshake third(stranger.get(), unrelated->handle(), "localhost", first.session());
        EXPECT_TRUE(third.done());
        EXPECT_FALSE(third.resumed());
    }
}

TEST_F(TlsContextTest, GivesAnotherTicketForEachThatIsUsedOnce) {
    const auto context = make_context(serving({{}}), Role::server);
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        SSL_CTX_set_max_proto_version(stranger.get(), version);
        const Handshake first(stranger.get(), context->handle(), "localhost");
        const Handshake second(stranger.get(), context->handle(), "localhost", first.session());
        ASSERT_TRUE(second.resumed());
        // In TLS 1.2 the one may be used again, and the handshake is shorter without another.
        const bool is_another = ticket_of(*second.session()) != ticket_of(*first.session());
        EXPECT_EQ(is_another, version == TLS1_3_VERSION);
        const Handshake third(stranger.get(), context->handle(), "localhost", second.session());
        EXPECT_TRUE(third.resumed());
    }
}

}  // namespace
}  // namespace protohost::net::testing

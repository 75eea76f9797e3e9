// SPDX-License-Identifier: MIT
#include <filesystem>

#include "tests/daemon/net/tls_rig.hpp"

// What is said about the files of `tls:`.

namespace protohost::net::testing {
namespace {

using Role = TlsContext::Role;

struct TlsPairTest : ::testing::Test {
    Authority root{"Root"};
    Authority middle{"Middle", root};
    TlsFolder folder;
    Issued good = middle.issue({});

    std::string problems(const std::string& certificate, const std::string& key) {
        model::Tls tls;
        tls.certificates.push_back({{folder.write("a.pem", certificate), "x.yaml:1:1: certificate"},
                                    {folder.write("a.key", key), "x.yaml:1:2: key"}});
        std::string text = problems_of(tls);
        const std::string path = folder / "";
        for (auto at = text.find(path); at != std::string::npos; at = text.find(path)) {
            text.erase(at, path.size());
        }
        return text;
    }
};

TEST_F(TlsPairTest, TakesAChainInOrder) {
    EXPECT_EQ(problems(good.certificate, good.key), "");
    EXPECT_EQ(problems(good.certificate + middle.certificate(), good.key), "");
    EXPECT_EQ(problems(good.certificate + middle.certificate() + root.certificate(), good.key), "");
    const Issued own = Authority::self_signed({});
    EXPECT_EQ(problems(own.certificate, own.key), "");
    EXPECT_EQ(problems("words before\n" + good.certificate + "words behind\n", good.key), "");
}

TEST_F(TlsPairTest, RefusesAChainOutOfOrder) {
    EXPECT_EQ(
        problems(good.certificate + root.certificate(), good.key),
        "x.yaml:1:1: certificate: a.pem is no chain: certificate 1 (CN=localhost) was not "
        "issued by certificate 2 (CN=Root) (first the certificate itself, then whoever issued "
        "it, then whoever issued that)\n");
    // By name alone it would be: another has taken the name.
    const Authority thief("Middle", root);
    EXPECT_NE(problems(good.certificate + thief.certificate(), good.key), "");
}

TEST_F(TlsPairTest, RefusesTheKeyOfAnother) {
    EXPECT_EQ(problems(good.certificate, middle.issue({}).key),
              "x.yaml:1:2: key: a.key is not the key of a.pem (compare what openssl x509 -noout "
              "-pubkey and openssl pkey -pubout print)\n");
    EXPECT_NE(problems(good.certificate, middle.issue({.key = "RSA"}).key), "");
}

TEST_F(TlsPairTest, RefusesWhatIsOutOfItsTime) {
    const Issued old =
        middle.issue({.begins = std::chrono::hours(-48), .ends = std::chrono::hours(-1)});
    const std::string expired = problems(old.certificate, old.key);
    EXPECT_TRUE(
        expired.starts_with("x.yaml:1:1: certificate: a.pem cannot be used any more: "
                            "certificate 1 (CN=localhost) has expired at 20"))
        << expired;
    EXPECT_TRUE(expired.ends_with("Z (renew it)\n")) << expired;
    const Issued early = middle.issue({.begins = std::chrono::hours(1)});
    EXPECT_TRUE(problems(early.certificate, early.key)
                    .starts_with("x.yaml:1:1: certificate: a.pem cannot be used yet: certificate 1 "
                                 "(CN=localhost) begins at 20"));
}

TEST_F(TlsPairTest, RefusesWhatIsNoneOfBoth) {
    EXPECT_EQ(problems("", "nothing"),
              "x.yaml:1:1: certificate: a.pem has no certificate in it, or a damaged one (a PEM "
              "file with BEGIN CERTIFICATE is expected)\n"
              "x.yaml:1:2: key: a.key has no private key in it (a PEM file with BEGIN PRIVATE KEY "
              "is expected)\n");
    std::string damaged = middle.certificate();
    damaged.replace(damaged.find('\n') + 5, 3, "!!!");
    EXPECT_NE(problems(good.certificate + damaged, good.key), "");
    // Cut off in the middle, as a file is that is still being written.
    EXPECT_NE(problems(good.certificate.substr(0, good.certificate.size() / 2), good.key), "");
    EXPECT_NE(problems(good.certificate, good.key.substr(0, good.key.size() / 2)), "");
}

TEST_F(TlsPairTest, AsksNobodyForAPassphrase) {
    const std::string encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
        "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhIAYxvRsCBtwICCAAw\n"
        "-----END ENCRYPTED PRIVATE KEY-----\n";
    EXPECT_NE(problems(good.certificate, encrypted), "");
}

TEST_F(TlsPairTest, RefusesKeysThatAreTooShort) {
    const Issued weak = middle.issue({.key = "RSA1024"});
    EXPECT_EQ(problems(weak.certificate, weak.key),
              "x.yaml:1:1: certificate: a.pem cannot be used: ee key too small (RSA keys have 2048 "
              "bits or more, and signatures no SHA-1)\n");
}

TEST_F(TlsPairTest, RefusesAKeyThatOthersCanRead) {
    model::Tls tls;
    tls.certificates.push_back(
        {{folder.write("a.pem", good.certificate, 0644)}, {folder.write("a.key", good.key, 0644)}});
    const std::string key = folder / "a.key";
    EXPECT_EQ(problems_of(tls),
              "listener web: " + key +
                  " holds a private key, and others can get at it (mode 0644) (chmod g-w,o= " +
                  key + ")\n");
    // A group may read it, which is how programs that renew certificates hand them over.
    folder.write("a.key", good.key, 0640);
    EXPECT_EQ(problems_of(tls), "");
}

TEST_F(TlsPairTest, TakesBothFromOneFile) {
    const std::string path = folder.write("both.pem", good.key + good.certificate, 0600);
    model::Tls tls;
    tls.certificates.push_back({{path}, {path}});
    EXPECT_EQ(problems_of(tls), "");
    folder.write("both.pem", good.key + good.certificate, 0644);
    EXPECT_NE(problems_of(tls), "");
}

TEST_F(TlsPairTest, SaysAllAtOnce) {
    model::Tls tls;
    tls.certificates.push_back({{folder / "none.pem", "x.yaml:1:1: a"}, {folder / "none.key"}});
    tls.certificates.push_back({{folder / ""}, {folder.write("fine.key", good.key)}});
    tls.peer.ca.text = folder / "ca.pem";
    const std::string here = folder / "";
    EXPECT_EQ(problems_of(tls),
              "x.yaml:1:1: a: " + here + "none.pem cannot be read: No such file or directory\n" +
                  "listener web: " + here + "none.key cannot be read: No such file or directory\n" +
                  "listener web: " + here + " is no regular file\n" + "listener web: " + here +
                  "ca.pem cannot be read: No such file or directory\n");
}

TEST_F(TlsPairTest, AServerNeedsACertificateAndAClientDoesNot) {
    EXPECT_EQ(problems_of({}),
              "listener web: a server needs a certificate (add tls.certificates)\n");
    EXPECT_EQ(problems_of({}, Role::client), "");
}

TEST_F(TlsPairTest, KnowsItsFilesByWhatIsInThem) {
    model::Tls tls;
    tls.certificates.push_back(folder.write("a", good));
    const auto digest = [&] { return make_context(tls, Role::server)->digest(); };
    const std::string before = digest();
    folder.write("a", good);
    EXPECT_EQ(digest(), before);
    folder.write("a", middle.issue({}));
    EXPECT_NE(digest(), before);
}

}  // namespace
}  // namespace protohost::net::testing

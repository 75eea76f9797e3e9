// SPDX-License-Identifier: MIT
#include <filesystem>
#include <string>

#include "daemon/base/format.hpp"
#include "tests/daemon/net/tls_rig.hpp"
#include "tests/daemon/supervisor/rig.hpp"

// Certificates that are replaced, by a reload and without one.

namespace protohost::supervisor::testing {
namespace {

using net::testing::Authority;
using net::testing::Issued;
using net::testing::TlsFolder;

class TlsRotation : public Rig {
protected:
    /// A listener with `a.pem` and `a.key` of `where`.
    std::string web(const std::string& where, const std::string& more = "") {
        return base::format(
            "listeners:\n  web: {{listen: \"{}\", protocol: greets, tls: {{certificates: "
            "[{{certificate: {}/a.pem, key: {}/a.key}}]{}}}}}\n",
            address_,
            where,
            where,
            more);
    }
    void write_pair(const Issued& issued) { tls_.write("a", issued); }
    void start_with(const Issued& issued) {
        write_pair(issued);
        start(web(here_));
    }

    std::string shown() const { return supervisor_->certificates().at(0).facts.fingerprint; }
    std::uint64_t generation() const { return supervisor_->certificates().at(0).generation; }
    std::string problem() const { return supervisor_->certificates().at(0).problem; }
    net::TlsContext::Pointer context() { return supervisor_->find("web")->tls(); }
    /// Until what is shown is what the listener had not shown before.
    void run_until_another_than(const std::string& former) {
        run_until([&] { return shown() != former; });
        EXPECT_EQ(context()->certificates().at(0).fingerprint, shown());
    }

    const std::string address_ = free_address();
    Authority authority_{"Root"};
    TlsFolder tls_;
    const std::string here_ = std::filesystem::path(tls_ / "x").parent_path();
};

TEST_F(TlsRotation, TheFirstStartSaysAllThatIsWrong) {
    const Issued one = authority_.issue({});
    write_pair({one.certificate, authority_.issue({}).key});
    write(web(here_, ", ciphers: [DES-CBC3-SHA]"));
    const ReloadRecord record = supervisor_->start();
    ASSERT_EQ(record.verdict, Verdict::rejected);
    ASSERT_EQ(record.errors.size(), 2U);
    EXPECT_TRUE(record.errors[0].where.ends_with("listeners.web.tls.certificates[0].key"))
        << record.errors[0].where;
    EXPECT_TRUE(record.errors[1].where.ends_with("listeners.web.tls.ciphers[0]"))
        << record.errors[1].where;
}

TEST_F(TlsRotation, AReloadLeavesAloneWhatHasNotChanged) {
    start_with(authority_.issue({}));
    const auto before = context();
    EXPECT_EQ(before->generation(), 1U);
    const ReloadRecord record = reload();
    EXPECT_EQ(record.verdict, Verdict::unchanged);
    EXPECT_EQ(context(), before);
}

TEST_F(TlsRotation, OtherSettingsAreAnotherContextOnTheSameSocket) {
    start_with(authority_.issue({}));
    const auto sockets = everything();
    const auto former = context();
    const ReloadRecord record = reload(web(here_, ", alpn: [h2]"));
    EXPECT_EQ(record.verdict, Verdict::applied);
    ASSERT_EQ(record.plan.changed.size(), 1U);
    EXPECT_EQ(record.plan.changed[0].change, Change{.tls = true});
    EXPECT_EQ(context()->settings().alpn, std::vector<std::string>{"h2"});
    EXPECT_EQ(context()->generation(), 2U);
    EXPECT_EQ(former->generation(), 1U);
    EXPECT_EQ(everything(), sockets);
}

TEST_F(TlsRotation, WithoutTlsThereIsNoContext) {
    start_with(authority_.issue({}));
    reload("listeners:\n" + listener("web", address_));
    EXPECT_EQ(context(), nullptr);
    EXPECT_TRUE(supervisor_->certificates().empty());
    reload(web(here_));
    EXPECT_NE(context(), nullptr);
}

TEST_F(TlsRotation, AReloadRefusesABadPair) {
    start_with(authority_.issue({}));
    const auto before = context();
    tls_.write("a.key", "nothing");
    const ReloadRecord record = reload();
    EXPECT_EQ(record.verdict, Verdict::rejected);
    ASSERT_EQ(record.errors.size(), 1U);
    EXPECT_TRUE(record.errors[0].what.ends_with("a.key has no private key in it"));
    EXPECT_EQ(context(), before);
}

TEST_F(TlsRotation, NewFilesAreSeenInBothOrders) {
    start_with(authority_.issue({}));
    for (const bool key_first : {false, true, false, true}) {
        const std::string before = shown();
        const Issued next = authority_.issue({});
        tls_.write(key_first ? "a.key" : "a.pem", key_first ? next.key : next.certificate);
        // As far as the watch comes with half of it.
        run_ready();
        tls_.write(key_first ? "a.pem" : "a.key", key_first ? next.certificate : next.key);
        run_until_another_than(before);
        EXPECT_EQ(problem(), "");
    }
    EXPECT_EQ(generation(), 5U);
}

TEST_F(TlsRotation, FilesThatAreMovedIntoPlaceAreSeen) {
    start_with(authority_.issue({}));
    const std::string before = shown();
    tls_.write("next", authority_.issue({}));
    std::filesystem::rename(here_ + "/next.pem", here_ + "/a.pem");
    std::filesystem::rename(here_ + "/next.key", here_ + "/a.key");
    run_until_another_than(before);
}

TEST_F(TlsRotation, ASwapOfLinksIsSeen) {
    // As Kubernetes does it: a.pem -> ..data/a.pem, ..data -> one of two folders.
    namespace fs = std::filesystem;
    const auto put = [&](const std::string& folder) {
        fs::create_directory(here_ + "/" + folder);
        tls_.write(folder + "/a", authority_.issue({}));
    };
    put("one");
    fs::create_directory(here_ + "/mount");
    fs::create_directory_symlink("../one", here_ + "/mount/..data");
    fs::create_symlink("..data/a.pem", here_ + "/mount/a.pem");
    fs::create_symlink("..data/a.key", here_ + "/mount/a.key");
    start(web(here_ + "/mount"));
    for (const char* const next : {"two", "three"}) {
        const std::string before = shown();
        put(next);
        fs::create_directory_symlink(std::string("../") + next, here_ + "/mount/..tmp");
        fs::rename(here_ + "/mount/..tmp", here_ + "/mount/..data");
        run_until_another_than(before);
    }
    // And what is written where the link points to.
    const std::string before = shown();
    tls_.write("three/a", authority_.issue({}));
    run_until_another_than(before);
}

TEST_F(TlsRotation, AFolderThatIsReplacedIsSeen) {
    namespace fs = std::filesystem;
    fs::create_directory(here_ + "/live");
    tls_.write("live/a", authority_.issue({}));
    start(web(here_ + "/live"));
    const std::string before = shown();
    fs::create_directory(here_ + "/next");
    tls_.write("next/a", authority_.issue({}));
    fs::rename(here_ + "/live", here_ + "/old");
    fs::rename(here_ + "/next", here_ + "/live");
    run_until_another_than(before);
}

TEST_F(TlsRotation, ABadPairKeepsTheOldOneAndSaysSo) {
    start_with(authority_.issue({}));
    const std::string before = shown();
    const Issued next = authority_.issue({});
    tls_.write("a.pem", next.certificate);
    run_until([&] { return !problem().empty(); });
    EXPECT_NE(problem().find("is not the key of"), std::string::npos) << problem();
    EXPECT_EQ(shown(), before);
    EXPECT_EQ(generation(), 1U);
    tls_.write("a.key", next.key);
    run_until_another_than(before);
    EXPECT_EQ(problem(), "");
    EXPECT_EQ(generation(), 2U);
}

TEST_F(TlsRotation, FilesThatAreGoneKeepTheOldPairUntilTheyAreBack) {
    const Issued first = authority_.issue({});
    start_with(first);
    const std::string before = shown();
    std::filesystem::remove(here_ + "/a.pem");
    run_until([&] { return !problem().empty(); });
    tls_.write("a.pem", first.certificate);
    run_until([&] { return problem().empty(); });
    EXPECT_EQ(shown(), before);
    EXPECT_EQ(generation(), 1U);
}

TEST_F(TlsRotation, TheLastOfManyIsWhatIsShown) {
    start_with(authority_.issue({}));
    Issued last;
    for (int i = 0; i < 100; ++i) {
        last = authority_.issue({});
        write_pair(last);
        run_ready();
    }
    model::Tls wanted;
    wanted.certificates.push_back(tls_.write("last", last));
    const auto expected =
        net::testing::make_context(wanted, net::TlsContext::Role::server)->certificates()[0];
    run_until([&] { return shown() == expected.fingerprint; });
    EXPECT_EQ(problem(), "");
}

TEST_F(TlsRotation, AUnitThatIsGoneIsNotLookedAfter) {
    start_with(authority_.issue({}));
    reload("listeners: {}\n");
    write_pair(authority_.issue({}));
    run_ready();
    EXPECT_TRUE(supervisor_->certificates().empty());
}

}  // namespace
}  // namespace protohost::supervisor::testing

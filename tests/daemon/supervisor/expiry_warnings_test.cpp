// SPDX-License-Identifier: MIT
#include "daemon/supervisor/expiry_warnings.hpp"

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/net/tls_rig.hpp"

namespace protohost::supervisor {
namespace {

using std::chrono::hours;
using std::chrono::system_clock;

class Expiry : public ::testing::Test {
protected:
    net::TlsContext::Pointer context(hours ends) {
        net::testing::Wish wish;
        wish.names = {"server.test"};
        wish.ends = ends;
        model::Tls tls;
        tls.certificates = {folder_.write("server", authority_.issue(wish))};
        return net::testing::make_context(tls, net::TlsContext::Role::server);
    }
    /// What is said of `context` while so much is left of it.
    std::vector<std::string> said(const net::TlsContext::Pointer& context,
                                  system_clock::duration left) {
        const auto& certificate = context->certificates().at(0);
        std::vector<std::string> texts;
        for (const auto& warning : warnings_.due({context}, certificate.not_after - left)) {
            EXPECT_EQ(warning.ended, left.count() <= 0);
            texts.push_back(warning.text);
        }
        return texts;
    }
    /// Of a warning about `context`, what lies between the certificate and its date.
    static std::string between(const std::string& text, const net::TlsContext::Pointer& context) {
        const std::string before = "listener web: certificate " +
                                   context->certificates().at(0).file + " for CN=server.test ";
        EXPECT_TRUE(text.starts_with(before)) << text;
        return text.substr(before.size(), text.find(',', before.size()) - before.size());
    }

    net::testing::TlsFolder folder_;
    net::testing::Authority authority_{"authority"};
    ExpiryWarnings warnings_;
};

TEST_F(Expiry, EachStepIsSaidOnce) {
    const auto web = context(hours(24 * 30));
    std::vector<std::string> all;
    for (int left = 24 * 30; left >= -48; --left) {
        for (const std::string& text : said(web, hours(left))) {
            all.push_back(between(text, web));
        }
    }
    EXPECT_EQ(all,
              (std::vector<std::string>{
                  "ends in 21 days", "ends in 7 days", "ends in 1 day", "has ended"}));
}

TEST_F(Expiry, WhoComesLateHearsOneStepOnly) {
    const auto web = context(hours(24 * 30));
    const auto all = said(web, hours(5));
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(between(all[0], web), "ends in less than a day");
}

TEST_F(Expiry, ARenewedCertificateBeginsAnew) {
    const auto web = context(hours(24 * 30));
    EXPECT_EQ(said(web, hours(24 * 20)).size(), 1U);
    const auto renewed = context(hours(24 * 60));
    EXPECT_EQ(said(renewed, hours(24 * 50)).size(), 0U);
    EXPECT_EQ(said(renewed, hours(24 * 20)).size(), 1U);
    EXPECT_EQ(said(renewed, hours(24 * 20)).size(), 0U);
}

TEST_F(Expiry, ACertificateOfTwoListsIsSaidOnceForAUnit) {
    const auto web = context(hours(24 * 30));
    const auto now = web->certificates().at(0).not_after - hours(24 * 7);
    EXPECT_EQ(warnings_.due({web, web}, now).size(), 1U);
}

}  // namespace
}  // namespace protohost::supervisor

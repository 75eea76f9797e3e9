// SPDX-License-Identifier: MIT
#include "daemon/net/tls_tickets.hpp"

#include <gtest/gtest.h>

namespace protohost::net::testing {
namespace {

using std::chrono::hours;

struct TicketKeysTest : ::testing::Test {
    model::TlsTickets settings{hours(12), 2};
    TicketKeys keys;
    TicketKeys::Clock::time_point start = TicketKeys::Clock::now();
    using Name = std::array<unsigned char, 16>;

    Name newest(hours at) { return keys.newest(settings, start + at)->name; }
    bool opens(const Name& name, hours at) {
        return keys.find(name, settings, start + at) != nullptr;
    }
};

TEST_F(TicketKeysTest, AreReplacedWhenTheyAreOldEnough) {
    const Name first = newest(hours(0));
    EXPECT_EQ(newest(hours(11)), first);
    EXPECT_NE(newest(hours(12)), first);
    EXPECT_TRUE(opens(first, hours(12)));
}

TEST_F(TicketKeysTest, AreForgottenWhenEnoughHaveComeAfterThem) {
    const Name first = newest(hours(0));
    newest(hours(12));
    newest(hours(24));
    EXPECT_TRUE(opens(first, hours(35)));
    newest(hours(36));
    EXPECT_FALSE(opens(first, hours(36)));
}

TEST_F(TicketKeysTest, AreForgottenWhenNobodyHasComeMeanwhile) {
    const Name first = newest(hours(0));
    EXPECT_TRUE(opens(first, hours(35)));
    EXPECT_FALSE(opens(first, hours(36)));
}

TEST_F(TicketKeysTest, WithoutFormerOnesGoWithTheirTime) {
    settings.keep = 0;
    const Name first = newest(hours(0));
    EXPECT_TRUE(opens(first, hours(11)));
    EXPECT_FALSE(opens(first, hours(12)));
}

TEST_F(TicketKeysTest, DoNotOpenThoseOfOthers) {
    newest(hours(0));
    EXPECT_FALSE(opens(Name{}, hours(0)));
}

}  // namespace
}  // namespace protohost::net::testing

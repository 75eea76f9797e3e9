// SPDX-License-Identifier: MIT
#include "daemon/model/host_port.hpp"

#include <gtest/gtest.h>

namespace protohost::model {
namespace {

TEST(HostPort, KnowsTheFamilies) {
    EXPECT_TRUE(is_ipv4("0.0.0.0"));
    EXPECT_FALSE(is_ipv4("127.1"));
    EXPECT_FALSE(is_ipv4("::1"));
    EXPECT_FALSE(is_ipv4("localhost"));
    EXPECT_TRUE(is_ipv6("::"));
    EXPECT_TRUE(is_ipv6("fe80::1%eth0"));
    EXPECT_FALSE(is_ipv6("fe80::1%"));
    EXPECT_FALSE(is_ipv6("[::1]"));
    EXPECT_FALSE(is_ipv6(""));
}

TEST(HostPort, KnowsWhatIsAGroup) {
    for (const char* group : {"224.0.0.0", "239.255.255.255", "ff02::fb", "ff15::7"}) {
        EXPECT_TRUE(is_multicast(group)) << group;
    }
    for (const char* host : {"223.255.255.255", "240.0.0.1", "fe80::1", "239.1.2", "name", ""}) {
        EXPECT_FALSE(is_multicast(host)) << host;
    }
}

TEST(HostPort, HasOneSpellingForOneHost) {
    EXPECT_EQ(canonical_host("0:0:0:0:0:0:0:1"), "::1");
    EXPECT_EQ(canonical_host("FE80::1%Eth0"), "fe80::1%Eth0");
    EXPECT_EQ(canonical_host("My-Host"), "my-host");
    EXPECT_EQ(canonical_host("127.0.0.1"), "127.0.0.1");
}

}  // namespace
}  // namespace protohost::model

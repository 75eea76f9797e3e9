// SPDX-License-Identifier: MIT
#include "daemon/model/network.hpp"

#include <arpa/inet.h>
#include <string>

#include <gtest/gtest.h>

namespace protohost::model {
namespace {

/// What is written back; "none".
std::string parsed(std::string_view text) {
    const auto network = parse_network(text);
    return network ? to_string(*network) : "none";
}

bool holds(std::string_view text, const std::string& address) {
    unsigned char bytes[16] = {};
    const int family = address.find(':') != std::string::npos ? AF_INET6 : AF_INET;
    EXPECT_EQ(::inet_pton(family, address.c_str(), bytes), 1) << address;
    return contains(parse_network(text).value(), bytes, family == AF_INET6 ? 16 : 4);
}

TEST(Network, IsAnAddressAndHowManyOfItsBitsCount) {
    EXPECT_EQ(parsed("10.0.0.0/8"), "10.0.0.0/8");
    EXPECT_EQ(parsed("0.0.0.0/0"), "0.0.0.0/0");
    EXPECT_EQ(parsed("192.0.2.128/25"), "192.0.2.128/25");
    EXPECT_EQ(parsed("192.0.2.1"), "192.0.2.1/32");
    EXPECT_EQ(parsed("2001:db8::/32"), "2001:db8::/32");
    EXPECT_EQ(parsed("::1"), "::1/128");
}

TEST(Network, IsNothingElse) {
    for (const char* const wrong : {"",
                                    "/8",
                                    "10.0.0.0/",
                                    "10.0.0.0/33",
                                    "10.0.0.0/-1",
                                    "10.0.0.0/08",
                                    "10.0.0.0/8 ",
                                    "10.0.0.0/8/8",
                                    "10.0.0/8",
                                    "10.0.0.1/8",
                                    "192.0.2.129/25",
                                    "2001:db8::1/64",
                                    "::/129",
                                    "example.net"}) {
        EXPECT_EQ(parsed(wrong), "none") << wrong;
    }
}

TEST(Network, HoldsTheAddressesThatBeginAlike) {
    EXPECT_TRUE(holds("10.0.0.0/8", "10.255.0.1"));
    EXPECT_FALSE(holds("10.0.0.0/8", "11.0.0.1"));
    EXPECT_TRUE(holds("192.0.2.128/25", "192.0.2.129"));
    EXPECT_FALSE(holds("192.0.2.128/25", "192.0.2.127"));
    EXPECT_TRUE(holds("0.0.0.0/0", "203.0.113.1"));
    EXPECT_TRUE(holds("192.0.2.1", "192.0.2.1"));
    EXPECT_FALSE(holds("192.0.2.1", "192.0.2.2"));
    EXPECT_TRUE(holds("2001:db8::/33", "2001:db8:7fff::1"));
    EXPECT_FALSE(holds("2001:db8::/33", "2001:db8:8000::1"));
}

TEST(Network, IsOfOneFamily) {
    EXPECT_FALSE(holds("0.0.0.0/0", "2001:db8::1"));
    EXPECT_FALSE(holds("::/0", "192.0.2.1"));
    // As an IPv6 socket has the peers of IPv4.
    EXPECT_TRUE(holds("192.0.2.0/24", "::ffff:192.0.2.1"));
    EXPECT_FALSE(holds("192.0.2.0/24", "::ffff:192.0.3.1"));
}

}  // namespace
}  // namespace protohost::model

// SPDX-License-Identifier: MIT
#include "plugins/udp-echo/udp_echo.hpp"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <protohost/testing.hpp>

namespace {

using protohost::Address;
using protohost::testing::DatagramEndpoint;
using protohost::testing::Host;
using protohost::testing::SentDatagram;

/// "text > address", of all that was sent.
std::vector<std::string> take_sent(DatagramEndpoint& endpoint) {
    std::vector<std::string> sent;
    for (const SentDatagram& datagram : endpoint.take_sent()) {
        sent.push_back(datagram.data + " > " + datagram.addr.text());
    }
    return sent;
}

using Sent = std::vector<std::string>;

TEST(UdpEcho, SendsEachDatagramBackToWhereItCameFrom) {
    Host host;
    DatagramEndpoint endpoint(host, std::make_unique<UdpEcho>());
    endpoint.feed_datagram("one", "192.0.2.1:4000");
    endpoint.feed_datagram("two", "[2001:db8::1]:5000");
    endpoint.feed_datagram("", "192.0.2.1:4000");
    EXPECT_EQ(take_sent(endpoint),
              (Sent{"one > 192.0.2.1:4000", "two > [2001:db8::1]:5000", " > 192.0.2.1:4000"}));
}

TEST(UdpEcho, ReadsNothingWhileAnswersWait) {
    Host host;
    DatagramEndpoint endpoint(
        host, std::make_unique<UdpEcho>(), {.write_buffer = {.high = 100, .low = 70}});
    endpoint.kernel_room(0);
    endpoint.feed_datagram("1", "192.0.2.1:4000");
    EXPECT_TRUE(endpoint.transport().is_reading()) << "under the mark: each counts 64 more";
    endpoint.feed_datagram("2", "192.0.2.1:4000");
    EXPECT_FALSE(endpoint.transport().is_reading());
    endpoint.feed_datagram("3", "192.0.2.1:4000");
    EXPECT_EQ(endpoint.transport().get_write_buffer_size(), 2 * 65u);
    endpoint.kernel_room(DatagramEndpoint::unlimited);
    EXPECT_EQ(take_sent(endpoint),
              (Sent{"1 > 192.0.2.1:4000", "2 > 192.0.2.1:4000", "3 > 192.0.2.1:4000"}));
}

TEST(UdpEcho, OwesNoAnswerToASenderWithoutAName) {
    Host host;
    DatagramEndpoint endpoint(host, std::make_unique<UdpEcho>());
    endpoint.feed_datagram("guess who", Address());
    endpoint.feed_datagram("me", "@me");
    EXPECT_EQ(take_sent(endpoint), Sent{"me > @me"});
    EXPECT_FALSE(endpoint.lost());
}

}  // namespace

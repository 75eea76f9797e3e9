// SPDX-License-Identifier: MIT
#include "daemon/model/address.hpp"

#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace protohost::model {
namespace {

std::string problem_of(std::string_view text) {
    std::string problem;
    EXPECT_EQ(parse_address(text, problem), std::nullopt) << text;
    return problem;
}

TEST(ParseAddress, ReadsAddressesAndNames) {
    std::string problem;
    using Kind = Address::Kind;
    EXPECT_EQ(parse_address("tcp://127.0.0.1:7007", problem),
              (Address{Kind::tcp, "127.0.0.1", 7007}));
    EXPECT_EQ(parse_address("tcp://0.0.0.0:0", problem), (Address{Kind::tcp, "0.0.0.0", 0}));
    EXPECT_EQ(parse_address("tcp://[::1]:65535", problem), (Address{Kind::tcp, "::1", 65535}));
    EXPECT_EQ(parse_address("tcp://[fe80::1%eth0]:1", problem),
              (Address{Kind::tcp, "fe80::1%eth0", 1}));
    EXPECT_EQ(parse_address("tcp://my-host.example:80", problem),
              (Address{Kind::tcp, "my-host.example", 80}));
    EXPECT_EQ(problem, "");
}

TEST(ParseAddress, SaysWhatIsWrong) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"", "it is empty"},
        {"127.0.0.1:7007", "the scheme is missing: tcp://HOST:PORT"},
        {"udp://127.0.0.1:7007", "unknown scheme \"udp\"; the only one supported is tcp"},
        {"TCP://127.0.0.1:7007", "unknown scheme \"TCP\"; the only one supported is tcp"},
        {"tcp://", "the host is missing; every address is 0.0.0.0 or [::]"},
        {"tcp://:7007", "the host is missing; every address is 0.0.0.0 or [::]"},
        {"tcp://127.0.0.1", "the port is missing"},
        {"tcp://127.0.0.1:", "the port is missing"},
        {"tcp://[::1]", "the port is missing"},
        {"tcp://[::1]:", "the port is missing"},
        {"tcp://127.0.0.1:65536", "port 65536 is not within 0 and 65535"},
        {"tcp://127.0.0.1:99999999999999999999",
         "port 99999999999999999999 is not within 0 and 65535"},
        {"tcp://127.0.0.1:-1", "port \"-1\" is no number"},
        {"tcp://127.0.0.1:7007/x", "port \"7007/x\" is no number"},
        {"tcp://::1:7007", "an IPv6 address goes in brackets: tcp://[::1]:7007"},
        {"tcp://[::1:7007", "the closing ] is missing"},
        {"tcp://[::1]7007", "after ] comes :PORT"},
        {"tcp://[]:7007", "[] is no IPv6 address"},
        {"tcp://[127.0.0.1]:7007", "[127.0.0.1] is no IPv6 address"},
        {"tcp://[fe80::1%]:7007", "[fe80::1%] is no IPv6 address"},
        {"tcp://256.0.0.1:7007", "256.0.0.1 is no IPv4 address"},
        {"tcp://127.1:7007", "127.1 is no IPv4 address"},
        {"tcp://*:7007", "\"*\" is no host; every address is 0.0.0.0 or [::]"},
        {"tcp://a\x1b:7007", "\"a\\x1b\" is no host name"}};
    for (const auto& [text, problem] : cases) EXPECT_EQ(problem_of(text), problem) << text;
}

TEST(Address, IsWrittenAsItParses) {
    for (const char* text : {"tcp://127.0.0.1:7007", "tcp://[::1]:0", "tcp://localhost:80"}) {
        std::string problem;
        const auto address = parse_address(text, problem);
        ASSERT_TRUE(address) << problem;
        EXPECT_EQ(to_string(*address), text);
    }
}

}  // namespace
}  // namespace protohost::model

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

TEST(ParseAddress, ReadsEveryKind) {
    std::string problem;
    using Kind = Address::Kind;
    EXPECT_EQ(parse_address("udp://[ff15::7]:53", problem), (Address{Kind::udp, "ff15::7", 53}));
    EXPECT_EQ(parse_address("unix:///run/x.sock", problem),
              (Address{.kind = Kind::unix_path, .host = {}, .path = "/run/x.sock"}));
    EXPECT_EQ(parse_address("unix:@a/b c", problem),
              (Address{.kind = Kind::unix_abstract, .host = {}, .path = "a/b c"}));
    EXPECT_EQ(parse_address("unixgram:///run/log", problem),
              (Address{.kind = Kind::unixgram_path, .host = {}, .path = "/run/log"}));
    EXPECT_EQ(parse_address("unixgram:@log", problem),
              (Address{.kind = Kind::unixgram_abstract, .host = {}, .path = "log"}));
    EXPECT_EQ(parse_address("fd:3", problem),
              (Address{.kind = Kind::descriptor, .host = {}, .path = {}, .descriptor = 3}));
    EXPECT_EQ(problem, "");
}

TEST(ParseAddress, TakesTheLongestNameOfASocketAndNoLonger) {
    std::string problem;
    EXPECT_TRUE(parse_address("unix:///" + std::string(106, 'x'), problem)) << problem;
    EXPECT_TRUE(parse_address("unixgram:@" + std::string(107, 'x'), problem)) << problem;
    EXPECT_EQ(problem_of("unix:///" + std::string(107, 'x')),
              "the path is 108 bytes long, a socket's may have 107");
    EXPECT_EQ(problem_of("unixgram:@" + std::string(108, 'x')),
              "the name is 108 bytes long, a socket's may have 107");
}

TEST(ParseAddress, ForgetsAnEarlierProblem) {
    std::string problem = "an old one";
    EXPECT_TRUE(parse_address("fd:3", problem));
    EXPECT_EQ(problem, "");
}

TEST(ParseAddress, SaysWhatIsWrong) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"", "it is empty"},
        {"127.0.0.1:7007", "the scheme is missing: tcp://HOST:PORT"},
        {"localhost:80", "the scheme is missing: tcp://HOST:PORT"},
        {"/run/x", "the scheme is missing: unix:///run/x"},
        {"@x", "the scheme is missing: unix:@x"},
        {"systemd:a b", "a name of systemd has neither colons nor blanks, and is ASCII"},
        {"http://h:80",
         "unknown scheme \"http\"; there are tcp, udp, unix, unixgram, fd and systemd"},
        {"TCP://127.0.0.1:7007", "unknown scheme \"TCP\"; did you mean tcp?"},
        {"unxi:///run/x", "unknown scheme \"unxi\"; did you mean unix?"},
        {"unixdgram:@x", "unknown scheme \"unixdgram\"; did you mean unixgram?"},
        {"tcp:127.0.0.1:80", "after tcp: comes //HOST:PORT"},
        {"udp:/h:80", "after udp: comes //HOST:PORT"},
        {"udp://::1:53", "an IPv6 address goes in brackets: udp://[::1]:7007"},
        {"unix:", "after unix: comes ///PATH or @NAME"},
        {"unix:/run/x", "after unix: comes ///PATH or @NAME"},
        {"unix:@", "the name after @ is empty"},
        {"unix://", "write unix:///PATH, or unix:@NAME without slashes"},
        {"unixgram://@x", "write unixgram:///PATH, or unixgram:@NAME without slashes"},
        {"unix://run/x", "the path is relative; begin it with a third slash: unix:///run/x"},
        {"unix:///", "the path is a folder's; a socket needs a name in it"},
        {"unix:///run/", "the path is a folder's; a socket needs a name in it"},
        {std::string("unix:///a\0b", 11), "a path cannot hold a NUL character"},
        {std::string("unix:@a\0b", 9), "a name cannot hold a NUL character"},
        {"fd:", "after fd: comes the number of a descriptor: fd:3"},
        {"fd:-3", "after fd: comes the number of a descriptor: fd:3"},
        {"fd:3 ", "after fd: comes the number of a descriptor: fd:3"},
        {"fd:2", "0, 1 and 2 are standard input, output and error; what is passed begins at fd:3"},
        {"fd:2147483648", "no descriptor has the number 2147483648"},
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
    for (const char* text : {"tcp://127.0.0.1:7007",
                             "tcp://[::1]:0",
                             "tcp://localhost:80",
                             "udp://[fe80::1%eth0]:53",
                             "unix:///run/x.sock",
                             "unix:@x",
                             "unixgram:///run/y",
                             "unixgram:@y",
                             "fd:3"}) {
        std::string problem;
        const auto address = parse_address(text, problem);
        ASSERT_TRUE(address) << problem;
        EXPECT_EQ(to_string(*address), text);
    }
}

Address parsed(std::string_view text) {
    std::string problem;
    const auto address = parse_address(text, problem);
    EXPECT_TRUE(address) << text << ": " << problem;
    return address.value_or(Address{});
}

TEST(Address, KnowsDatagramsAndFiles) {
    const std::vector<std::pair<std::string, std::pair<bool, bool>>> cases{
        {"tcp://h:1", {false, false}},
        {"udp://h:1", {true, false}},
        {"unix:///x", {false, true}},
        {"unix:@x", {false, false}},
        {"unixgram:///x", {true, true}},
        {"unixgram:@x", {true, false}},
        {"fd:3", {false, false}}};
    for (const auto& [text, expected] : cases) {
        EXPECT_EQ(std::pair(is_datagram(parsed(text)), has_path(parsed(text))), expected) << text;
    }
}

TEST(Address, HasOneCanonicalForm) {
    const auto same = [](std::string_view a, std::string_view b) {
        return canonical(parsed(a)) == canonical(parsed(b));
    };
    EXPECT_TRUE(same("tcp://[::1]:80", "tcp://[0:0::0001]:80"));
    EXPECT_TRUE(same("tcp://[fe80::1%eth0]:80", "tcp://[fe80:0::1%eth0]:80"));
    EXPECT_FALSE(same("tcp://[fe80::1%eth0]:80", "tcp://[fe80::1%eth1]:80"));
    EXPECT_TRUE(same("udp://Host:80", "udp://hOST:80"));
    EXPECT_FALSE(same("tcp://host:80", "udp://host:80"));
    EXPECT_FALSE(same("tcp://127.0.0.1:80", "tcp://127.0.0.1:81"));
    EXPECT_TRUE(same("unix:///run/a/../x", "unix:///run//./x"));
    EXPECT_FALSE(same("unix:@a//b", "unix:@a/b"));
    EXPECT_FALSE(same("unix:@X", "unix:@x"));
    EXPECT_FALSE(same("fd:3", "fd:4"));
}

}  // namespace
}  // namespace protohost::model

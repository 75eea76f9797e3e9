// SPDX-License-Identifier: MIT
#include "daemon/net/proxy_header.hpp"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/net/proxy_headers.hpp"

namespace protohost::net::testing {
namespace {

using State = ProxyHeaderRead::State;
using namespace std::string_literals;

/// "SOURCE to DESTINATION, SIZE", "local, SIZE", "incomplete", or what is wrong.
std::string read(const std::string& bytes) {
    const ProxyHeaderRead found = read_proxy_header(bytes);
    if (found.state == State::incomplete) return "incomplete";
    if (found.state == State::invalid) return found.problem;
    const std::string size = ", " + std::to_string(found.header.size);
    if (!found.header.source) return "local" + size;
    return found.header.source->label() + " to " + found.header.destination->label() + size;
}

/// Values as they stand behind the addresses.
std::string value(char type, const std::string& bytes) {
    return std::string(1, type) + static_cast<char>(bytes.size() >> 8U) +
           static_cast<char>(bytes.size() & 0xFFU) + bytes;
}

TEST(ProxyHeader, OfTextSaysWhoIsBehindIt) {
    EXPECT_EQ(read("PROXY TCP4 192.0.2.1 198.51.100.2 4660 443\r\nGET /"),
              "192.0.2.1:4660 to 198.51.100.2:443, 44");
    EXPECT_EQ(read("PROXY TCP6 2001:db8::1 ::1 0 65535\r\n"), "[2001:db8::1]:0 to [::1]:65535, 36");
    EXPECT_EQ(read("PROXY UNKNOWN\r\n"), "local, 15");
    EXPECT_EQ(read("PROXY UNKNOWN whatever this is\r\n"), "local, 32");
    // The longest that there is.
    const std::string longest =
        "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n";
    ASSERT_EQ(longest.size(), 107U);
    EXPECT_EQ(read(longest), "local, 107");
}

TEST(ProxyHeader, OfTextIsTakenLiterally) {
    for (const char* const wrong : {"PROXY TCP4 192.0.2.1 198.51.100.2 4660\r\n",
                                    "PROXY TCP4  192.0.2.1 198.51.100.2 4660 443\r\n",
                                    "PROXY TCP4 192.0.2.1 198.51.100.2 4660 443 \r\n",
                                    "PROXY TCP4 192.0.2.1 198.51.100.2 04660 443\r\n",
                                    "PROXY TCP4 192.0.2.1 198.51.100.2 4660 65536\r\n",
                                    "PROXY TCP4 192.0.2.1 198.51.100.2 -1 443\r\n",
                                    "PROXY TCP4 192.0.2.1 198.51.100.2 4660 \r\n",
                                    "PROXY TCP4 192.0.2.256 198.51.100.2 4660 443\r\n",
                                    "PROXY TCP4 ::1 ::1 4660 443\r\n",
                                    "PROXY TCP6 192.0.2.1 198.51.100.2 4660 443\r\n",
                                    "PROXY TCP5 192.0.2.1 198.51.100.2 4660 443\r\n",
                                    "PROXY UNKNOWNS\r\n",
                                    "PROXY \r\n",
                                    "proxy TCP4 192.0.2.1 198.51.100.2 4660 443\r\n",
                                    "GET / HTTP/1.1\r\n"}) {
        EXPECT_EQ(read_proxy_header(wrong).state, State::invalid) << wrong;
    }
    EXPECT_EQ(read("PROXY UNKNOWN " + std::string(93, 'x')), "its line has no end");
    EXPECT_EQ(read("PROXY UNKNOWN " + std::string(92, 'x')), "incomplete");
    EXPECT_EQ(read("PROXY TCP4 1.2.3.4 1.2.3.4\0 1 1\r\n"s), "an address in it is none");
}

TEST(ProxyHeader, InBinarySaysWhoIsBehindIt) {
    EXPECT_EQ(read(binary_header(0x21, 0x11, ipv4_ends())),
              "192.0.2.1:4660 to 198.51.100.2:443, 28");
    const std::string six = "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01"s +
                            std::string(15, '\0') + "\x01\x00\x50\x01\xBB"s;
    EXPECT_EQ(read(binary_header(0x21, 0x21, six)), "[2001:db8::1]:80 to [::1]:443, 52");
    std::string local = "/run/a.sock";
    local.resize(108);
    EXPECT_EQ(read(binary_header(0x21, 0x31, local + local)), "/run/a.sock to /run/a.sock, 232");
    EXPECT_EQ(read(binary_header(0x21, 0x00, "")), "local, 16");
    EXPECT_EQ(read(binary_header(0x20, 0x11, ipv4_ends())), "local, 28");
    EXPECT_EQ(read(binary_header(0x20, 0x77, "anything")), "local, 24");
}

TEST(ProxyHeader, InBinaryMayHaveMoreInIt) {
    const std::string facts = value(0x01, "h2") + value(0x04, "") + value(0x20, "tls");
    EXPECT_EQ(read(binary_header(0x21, 0x11, ipv4_ends() + facts)),
              "192.0.2.1:4660 to 198.51.100.2:443, 42");
    EXPECT_EQ(read(binary_header(0x21, 0x11, ipv4_ends() + facts.substr(0, 4))),
              "it ends within a value");
    EXPECT_EQ(read(binary_header(0x21, 0x11, ipv4_ends() + facts.substr(0, 2))),
              "it ends within a value");
}

TEST(ProxyHeader, InBinaryHasARightChecksumOrNone) {
    std::string header = binary_header(0x21, 0x11, ipv4_ends() + value(0x03, "\0\0\0\0"s));
    header.replace(31, 4, "\xF6\x03\xD2\x3A");  // found out by other means
    EXPECT_EQ(read(header), "192.0.2.1:4660 to 198.51.100.2:443, 35");
    header[34] = static_cast<char>(header[34] + 1);
    EXPECT_EQ(read(header), "its checksum is wrong");
    EXPECT_EQ(read(binary_header(0x21, 0x11, ipv4_ends() + value(0x03, "abc"))),
              "its checksum is wrong");
}

TEST(ProxyHeader, InBinaryIsNoneOfDatagramsNorOfAnotherVersion) {
    EXPECT_EQ(read(binary_header(0x21, 0x12, ipv4_ends())),
              "its addresses are of an unknown kind, or of datagrams");
    EXPECT_EQ(read(binary_header(0x11, 0x11, ipv4_ends())), "its version or command is unknown");
    EXPECT_EQ(read(binary_header(0x22, 0x11, ipv4_ends())), "its version or command is unknown");
    EXPECT_EQ(read(binary_header(0x21, 0x11, ipv4_ends().substr(1))),
              "it is shorter than its addresses");
    EXPECT_EQ(read(binary_header(0x21, 0x11, std::string(2049, 'x'))), "it is longer than 2 KiB");
}

std::vector<std::string> good_headers() {
    return {"PROXY TCP4 192.0.2.1 198.51.100.2 4660 443\r\n",
            "PROXY TCP6 2001:db8::1 ::1 1 65535\r\n",
            "PROXY UNKNOWN\r\n",
            binary_header(0x21, 0x11, ipv4_ends()),
            binary_header(0x21, 0x11, ipv4_ends() + value(0x01, "h2") + value(0x20, "tls")),
            binary_header(0x21, 0x31, std::string(216, 'x')),
            binary_header(0x20, 0x00, "")};
}

TEST(ProxyHeader, ComesInPiecesOfAnySize) {
    for (const std::string& header : good_headers()) {
        for (std::size_t size = 0; size < header.size(); ++size) {
            EXPECT_EQ(read(header.substr(0, size)), "incomplete") << header << " cut at " << size;
        }
        EXPECT_EQ(read_proxy_header(header + "more").header.size, header.size());
    }
}

TEST(ProxyHeader, MutationsNeverCrashNorReachBeyondTheBytes) {
    std::mt19937 random(20260311);  // fixed: a failure must come back
    int counts[3] = {};
    const auto headers = good_headers();
    for (int i = 0; i < 200'000; ++i) {
        std::string bytes = headers[random() % headers.size()];
        for (auto changes = random() % 4; changes > 0 && !bytes.empty(); --changes) {
            const std::size_t at = random() % bytes.size();
            switch (random() % 4) {
                case 0:
                    bytes.erase(at, random() % 8 + 1);
                    break;
                case 1:
                    bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 24));
                    break;
                case 2:
                    bytes[at] = static_cast<char>(bytes[at] ^ static_cast<char>(1 << random() % 8));
                    break;
                default:
                    bytes[at] = static_cast<char>(random() % 256);
            }
        }
        // Its own copy, so that whoever reads beyond it is caught by the sanitizer.
        const std::vector<char> exact(bytes.begin(), bytes.end());
        const auto found = read_proxy_header({exact.data(), exact.size()});
        ++counts[static_cast<int>(found.state)];
        if (found.state != State::complete) continue;
        ASSERT_GT(found.header.size, 0U);
        ASSERT_LE(found.header.size, exact.size());
        ASSERT_EQ(found.header.source.has_value(), found.header.destination.has_value());
        // The same header alone means the same.
        const auto again = read_proxy_header({exact.data(), found.header.size});
        ASSERT_EQ(again.state, State::complete);
        ASSERT_EQ(again.header.size, found.header.size);
        ASSERT_EQ(again.header.source, found.header.source);
    }
    for (const int count : counts) EXPECT_GT(count, 1000);
}

}  // namespace
}  // namespace protohost::net::testing

// SPDX-License-Identifier: MIT
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/system/harness/client.hpp"
#include "tests/system/harness/daemon.hpp"

namespace protohost::harness {
namespace {

/// What a peer may send to spoil a log: quotes, the colours of a terminal, bytes that are no UTF-8.
constexpr std::string_view hostile = "\"},{\\ \x1b[31m\r\x07 \xff\xfe \xc3\xa4 \t end";

bool tell(Client& client) {
    return client.send("say ") && client.send(hostile) && client.send("\nsoon done\n");
}

/// Reads JSON lines, and prints the one message that ends with " end" as Python shows it.
constexpr const char* reader = R"(
import json, sys
for line in sys.stdin.buffer:
    entry = json.loads(line.decode('utf-8'))
    assert list(entry)[:4] == ['time', 'level', 'area', 'message'], entry
    assert entry['level'] in ('trace', 'debug', 'info', 'warn', 'error'), entry
    if entry['message'].endswith(' end'):
        print(entry['area'], ascii(entry['message']))
)";

TEST(JsonLog, StaysOneObjectPerLineWhateverAPeerSends) {
    Daemon daemon({.listeners = listener("lab", "lab"), .log = "{level: trace, format: json}"});
    Client client(daemon.port("lab"));
    ASSERT_TRUE(tell(client));
    ASSERT_EQ(client.receive_line(), "done\n");
    EXPECT_EQ(daemon.stop(), 0);

    const Finished parsed = run({"/usr/bin/python3", "-c", reader}, daemon.log().all());
    EXPECT_EQ(parsed.code, 0) << parsed.errors << daemon.log().all();
    EXPECT_EQ(
        parsed.output,
        "plugin.lab 'listener lab: \"},{\\\\ \\x1b[31m\\r\\x07 \\ufffd\\ufffd \\xe4 \\t end'\n");
}

TEST(TextLog, StaysOneLineAndFreeOfControlCharactersWhateverAPeerSends) {
    Daemon daemon({.listeners = listener("lab", "lab")});
    Client client(daemon.port("lab"));
    ASSERT_TRUE(tell(client));
    ASSERT_EQ(client.receive_line(), "done\n");
    EXPECT_EQ(daemon.stop(), 0);
    const auto lines = daemon.log().with("plugin.lab: listener lab: \"}");
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_TRUE(lines.front().ends_with(" end"));
    for (const char c : lines.front()) {
        EXPECT_GE(static_cast<unsigned char>(c), 0x20) << lines.front();
    }
}

}  // namespace
}  // namespace protohost::harness

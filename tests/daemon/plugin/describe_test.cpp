// SPDX-License-Identifier: MIT
#include "daemon/plugin/describe.hpp"

#include "tests/daemon/plugin/loaded_guest.hpp"

namespace protohost::plugin {
namespace {

using DescribeTest = testing::LoadedGuest;

TEST_F(DescribeTest, ShowsWhatAnOperatorCanConfigure) {
    const auto module = open("good");
    EXPECT_EQ(describe(*module),
              "plugin good 1.2.3\n"
              "    file      " +
                  path_of("good") +
                  "\n"
                  "    ABI       1.0, for daemons with 1.0 or newer\n"
                  "    build-id  " +
                  module->identity().build_id +
                  "\n"
                  "    flags     none\n"
                  "\n"
                  "protocol good/good (stream): says hello\n"
                  "    option    type      default  meaning\n"
                  "    greeting  string    hello    what to say first\n"
                  "    limit     size      64KiB    bytes of one message\n"
                  "    patience  duration  30s      silence before the end\n"
                  "    names     list      [a, b]   who may come in\n"
                  "    token     string    -        a password\n");
    EXPECT_EQ(context_.said, std::vector<std::string>{}) << "nothing but the entry has run";
}

TEST_F(DescribeTest, SaysWhatIsRequiredAndWhatHasNoOptions) {
    const auto required = open("thrower");
    EXPECT_NE(describe(*required).find("    from    string  required  the callback that throws"),
              std::string::npos)
        << describe(*required);
    const auto two = open("two_factories");
    EXPECT_NE(describe(*two).find("\nprotocol two_factories/first (stream)\n    no options\n"
                                  "\nprotocol two_factories/second (stream)\n    no options\n"),
              std::string::npos)
        << describe(*two);
}

TEST_F(DescribeTest, SaysWhichKindOfProtocolAFactoryMakes) {
    const std::string text = describe(*open("garbage_datagrams"));
    EXPECT_NE(text.find("\nprotocol garbage_datagrams/garbage_datagrams (datagram): misbehaves\n"),
              std::string::npos)
        << text;
}

}  // namespace
}  // namespace protohost::plugin

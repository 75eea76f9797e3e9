// SPDX-License-Identifier: MIT
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace protohost::contract {
namespace {

using Names = std::set<std::string>;

/// The worlds that each contract must be tried in: at least one with real descriptors, and the
/// fakes. A world whose file asks for too little, or that is not built, is missed here.
const std::map<std::string, Names> expected = {
    {"LifeContract",
     {"Tcp", "Unix", "Tls", "ReadPipe", "WritePipe", "Fake", "FakeReadPipe", "FakeWritePipe"}},
    {"ReadContract", {"Tcp", "Unix", "Tls", "ReadPipe", "Fake", "FakeReadPipe"}},
    {"WriteContract", {"Tcp", "Unix", "Tls", "WritePipe", "Fake", "FakeWritePipe"}},
    {"StreamContract", {"Tcp", "Unix", "Tls", "Fake"}},
    {"ReadPipeContract", {"ReadPipe", "FakeReadPipe"}},
    {"WritePipeContract", {"WritePipe", "FakeWritePipe"}},
    {"DatagramContract", {"Udp", "Unixgram", "FakeDatagrams"}},
    {"DatagramFlowContract", {"Unixgram", "FakeDatagrams"}},
    {"LoopContract", {"Real", "Fake"}},
    {"OpeningContract", {"Real", "Fake"}},
    {"SubprocessContract", {"Real", "Fake"}},
};

TEST(Contracts, AreTriedInEveryWorldTheyHoldIn) {
    const auto& program = *::testing::UnitTest::GetInstance();
    std::map<std::string, Names> tried;
    std::map<std::string, std::set<int>> statements;
    for (int i = 0; i < program.total_test_suite_count(); ++i) {
        const ::testing::TestSuite& suite = *program.GetTestSuite(i);
        const std::string name = suite.name();  // "Tcp/LifeContract"
        const std::size_t slash = name.find('/');
        if (slash == std::string::npos) continue;
        const std::string contract = name.substr(slash + 1);
        tried[contract].insert(name.substr(0, slash));
        statements[contract].insert(suite.total_test_count());
        for (int j = 0; j < suite.total_test_count(); ++j) {
            EXPECT_EQ(std::string(suite.GetTestInfo(j)->name()).find("DISABLED"), std::string::npos)
                << name;
        }
    }
    EXPECT_EQ(tried, expected);
    for (const auto& [contract, counts] : statements) {
        EXPECT_EQ(counts.size(), 1u) << contract << " says more in one world than in another";
    }
}

}  // namespace
}  // namespace protohost::contract

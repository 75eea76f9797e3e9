// SPDX-License-Identifier: MIT
#include <cstddef>
#include <iostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/system/harness/daemon.hpp"
#include "tests/system/harness/peers.hpp"
#include "tests/system/harness/scale.hpp"

namespace protohost::harness {
namespace {

TEST(DatagramLoad, ComesBackInOrderWithNothingLostOrDoubled) {
    const std::size_t count = scaled("datagrams", 200'000, 20'000);
    Daemon daemon({.endpoints = "  echo: {bind: \"udp://127.0.0.1:0\", protocol: udp-echo}\n"});
    const std::string program = PROTOHOST_BUILD_DIR "/bin/bench_volume";
    // It fails at the first that is missing, comes twice, overtakes or has another byte.
    const std::string figures = output_of({program,
                                           "--port",
                                           std::to_string(daemon.port("echo")),
                                           "--count",
                                           std::to_string(count),
                                           "--watch",
                                           std::to_string(daemon.pid())});
    std::cout << figures;
    const std::string counted = "\"datagrams\": " + std::to_string(count) + ",";
    EXPECT_NE(figures.find(counted), std::string::npos);
    EXPECT_EQ(daemon.stop(), 0);
}

}  // namespace
}  // namespace protohost::harness

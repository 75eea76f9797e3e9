// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/contract/world.hpp"

#include <protohost/loop.hpp>

namespace protohost::contract {

/// The loop as a plugin has it, and a network that does what its addresses say.
class ServiceWorld : public LoopWorld {
public:
    virtual Loop loop() = 0;

    /// Ports of 127.0.0.1: connections to the one are accepted, to the other refused.
    virtual std::uint16_t open_port() = 0;
    virtual std::uint16_t closed_port() = 0;

    /// A UNIX socket that accepts connections.
    virtual std::string open_path() = 0;
    /// One that this world's user has no permission to write to, whoever runs the test.
    virtual std::string forbidden_path() = 0;

    /// The unit goes, and everything of it. The loop must not be asked for anything afterwards.
    virtual void go() = 0;
};

using ServiceKind = Kind<ServiceWorld>;

using Order = std::vector<std::string>;

class ServiceTest : public ::testing::TestWithParam<ServiceKind> {
protected:
    void run_until(const std::function<bool()>& done) { world->run_until(done); }

    Order order;  // of what happened; outlives what adds to it
    std::unique_ptr<ServiceWorld> world = GetParam().make();
    Loop loop = world->loop();
};

/// call_soon and its like, and the executor.
class LoopContract : public ServiceTest {};
/// What opens connections, servers, endpoints and pipes.
class OpeningContract : public ServiceTest {};

}  // namespace protohost::contract

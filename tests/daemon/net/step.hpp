// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <utility>

#include "daemon/net/loop.hpp"

namespace protohost::net::testing {

/// Something that a test schedules.
class Step final : public Task {
public:
    explicit Step(std::function<void()> call) : call_(std::move(call)) {}
    void run() override { call_(); }

private:
    std::function<void()> call_;
};

}  // namespace protohost::net::testing

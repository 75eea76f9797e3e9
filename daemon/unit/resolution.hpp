// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <vector>

#include "daemon/model/address.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/resolver.hpp"
#include "daemon/net/socket_address.hpp"
#include "daemon/net/timer.hpp"
#include "daemon/unit/open_request.hpp"
#include "daemon/unit/shared.hpp"

namespace protohost::unit {

/// Finds the addresses behind what somebody wrote, names included, without blocking the loop. Its
/// end cancels it.
class Resolution final : private net::Task {
public:
    using Addresses = std::vector<net::SocketAddress>;
    /// Either why not, or the addresses of each question, in their order. It may destroy the
    /// resolution.
    using Done = std::function<void(const OpenError* why, const std::vector<Addresses>& found)>;

    /// `questions` are of any kind but descriptors. `done` is called once, never from inside the
    /// constructor, and `timeout` from now at the latest. [loop]
    Resolution(const Shared& shared,
               const std::vector<model::Address>& questions,
               std::chrono::nanoseconds timeout,
               Done done);
    ~Resolution();
    Resolution(const Resolution&) = delete;
    Resolution& operator=(const Resolution&) = delete;

private:
    void ask(std::size_t index, const model::Address& question);
    void fail(OpenError error);
    void finish();
    void stop();
    void run() override;

    net::Loop& loop_;
    net::Resolver& resolver_;
    Done done_;
    net::Timer deadline_;
    std::vector<net::Resolver::Id> asked_;
    std::vector<Addresses> found_;
    std::size_t missing_ = 0;
    OpenError error_;
    bool failed_ = false;
};

}  // namespace protohost::unit

// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/descriptor.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/transport.hpp"
#include "daemon/unit/context.hpp"
#include "daemon/unit/host.hpp"

#include <protohost/detail/context.hpp>
#include <protohost/protocol.hpp>
#include <protohost/testing/values.hpp>

namespace protohost::contract {

/// The daemon's own loop and tables, and an owner for its transports: what every world over real
/// descriptors stands on. Its end is the end of its transports.
class RealLoop final : private net::TransportOwner {
public:
    RealLoop() = default;
    ~RealLoop();
    RealLoop(const RealLoop&) = delete;
    RealLoop& operator=(const RealLoop&) = delete;

    net::Loop& loop() { return loop_; }
    net::TransportOwner& owner() { return *this; }
    detail::Context context() { return {&host_.table(), &context_}; }
    void start(std::unique_ptr<net::Transport> transport, std::unique_ptr<BaseProtocol> protocol);

    void turn();
    void settle();
    const std::vector<std::string>& failures() const { return failures_; }

    static model::WriteBuffer to_model(const protohost::testing::WriteBuffer& limits);

private:
    void callback_failed(net::Transport& transport,
                         std::string_view callback,
                         std::string_view text) override;
    void limit_reached(net::Transport&, std::size_t, net::WriteLimit) override {}
    void timed_out(net::Transport&, std::string_view) override {}
    void ended(net::Transport& transport) override;

    net::Loop loop_;
    unit::Host host_;
    ph_ctx context_{loop_, "contract"};
    std::vector<std::string> failures_;
    net::Transports transports_;
};

}  // namespace protohost::contract

// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <utility>

#include "daemon/net/guard.hpp"
#include "daemon/net/loop.hpp"

#include <protohost/abi.h>

namespace protohost::net {

/// The last call to a protocol, which must have destroy.
inline void destroy(Loop& loop, ph_proto protocol) {
    guarded(loop, [&] {
        protocol.ops->destroy(protocol.self);
        return ph_status{PH_OK};
    });
}

/// A protocol that set_protocol has replaced, until none of its callbacks can be on the stack.
class ReplacedProtocol final : public Task {
public:
    /// `factory` is what holds its code.
    static void retire(Loop& loop, ph_proto protocol, std::shared_ptr<void> factory) {
        loop.call_soon(*new ReplacedProtocol(loop, protocol, std::move(factory)));
    }

    void run() override {
        const std::unique_ptr<ReplacedProtocol> self(this);
        destroy(loop_, protocol_);
    }

private:
    ReplacedProtocol(Loop& loop, ph_proto protocol, std::shared_ptr<void> factory)
        : factory_(std::move(factory)), loop_(loop), protocol_(protocol) {}

    std::shared_ptr<void> factory_;
    Loop& loop_;
    ph_proto protocol_;
};

}  // namespace protohost::net

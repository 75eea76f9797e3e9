// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <vector>

#include "daemon/base/descriptor.hpp"

namespace protohost::net {

/// What the process does when it runs out of descriptors. One is kept back, so that exhaustion by
/// clients leaves one for the daemon itself; whoever accepts waits here until one is free again.
class DescriptorReserve {
public:
    /// Somebody who stopped accepting.
    class Waiter {
    public:
        /// Descriptors may be had again. Called from inside released(): schedule, do not accept.
        virtual void descriptor_free() = 0;

    protected:
        ~Waiter() = default;
    };

    DescriptorReserve();

    /// accept() found no descriptor: gives up the one kept back, and tells `waiter` once when a
    /// connection has ended.
    void exhausted(Waiter& waiter);

    /// Takes one back before accepting goes on; false: still none.
    bool restore();

    /// `waiter` no longer waits.
    void forget(Waiter& waiter);

    /// A connection closed its descriptor.
    void released();

private:
    base::Descriptor spare_;
    std::vector<Waiter*> waiters_;
};

}  // namespace protohost::net

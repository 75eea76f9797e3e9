// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/model/address.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/socket_address.hpp"

namespace protohost::net {

/// Names to addresses without blocking the loop. The C library's resolver cannot be interrupted: it
/// has threads of its own, of which nobody waits for one, so that a name server which does not
/// answer delays neither the loop nor other work nor the end of the process.
class Resolver {
public:
    /// Never an empty list.
    using Answer = base::Result<std::vector<SocketAddress>>;
    /// [any] May block, and may outlive the resolver: it owns what it uses.
    using Lookup = std::function<Answer(const model::Address&)>;
    using Done = std::function<void(const Answer&)>;
    using Id = std::uint64_t;  ///< never 0

    /// `lookups` may be under way at a time; further ones wait for their turn.
    explicit Resolver(Loop& loop, Lookup lookup = net::resolve, unsigned lookups = 8);

    /// [loop] Cancels everything: no `done` is called any more.
    ~Resolver();
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    /// [loop] `done` is called on the loop, once, never from inside this call. Equal addresses that
    /// are asked for at the same time share one lookup; what is no name needs none. The error's
    /// `what` names the name: its status is PH_E_RESOLVE.
    Id resolve(const model::Address& address, Done done);

    /// [loop] `done` is not called. Harmless when it has been.
    void cancel(Id id);

private:
    struct State;

    std::shared_ptr<State> state_;
};

}  // namespace protohost::net

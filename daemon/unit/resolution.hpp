// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/model/address.hpp"
#include "daemon/net/resolver.hpp"

namespace protohost::unit {

/// Turns the name in an address into numbers, without blocking the loop. Its end cancels it.
class Resolution {
public:
    using Done = std::function<void(const base::Result<std::vector<model::Address>>&)>;

    /// `address` is tcp or udp. `done` is called once, never from inside the constructor.
    Resolution(net::Resolver& resolver, const model::Address& address, Done done);
    ~Resolution() { resolver_.cancel(id_); }
    Resolution(const Resolution&) = delete;
    Resolution& operator=(const Resolution&) = delete;

private:
    net::Resolver& resolver_;
    net::Resolver::Id id_;
};

/// Whether only the resolver knows what is meant.
bool has_name(const model::Address& address);

}  // namespace protohost::unit

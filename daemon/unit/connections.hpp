// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/base/log.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/transport.hpp"

#include <protohost/abi.h>

namespace protohost::unit {

/// Who is told when one of a unit's transports is gone.
class ConnectionsOwner {
public:
    /// It is no longer counted, and destroyed when the iteration is over. [loop]
    virtual void connection_ended(const net::Transport& transport) = 0;

protected:
    ~ConnectionsOwner() = default;
};

/// All live transports of one unit, whoever opened them: the unit by its definition, or its plugin.
/// What becomes of them is logged here.
class Connections final : private net::TransportOwner {
public:
    /// `spec` and `owner` outlive this. `title` is "listener echo".
    Connections(net::Loop& loop,
                const model::UnitSpec& spec,
                std::string title,
                ConnectionsOwner& owner);
    Connections(const Connections&) = delete;
    Connections& operator=(const Connections&) = delete;

    /// What a transport is made with that is then adopted.
    net::TransportOwner& transport_owner() { return *this; }
    net::TransportSettings settings() const {
        return {spec_.write_buffer, spec_.timeouts.idle, spec_.timeouts.write_stall};
    }

    /// Counts it, and starts it with `protocol`: connection_made is called in here.
    net::Transport& adopt(std::unique_ptr<net::Transport> transport,
                          net::Role role,
                          ph_proto protocol);

    /// Asks each to finish until `deadline`, in nanoseconds of loop time.
    void drain(std::uint64_t deadline);
    void abort();

    bool empty() const { return transports_.empty(); }
    std::size_t size() const { return transports_.size(); }

private:
    void callback_failed(net::Transport& transport,
                         std::string_view callback,
                         std::string_view text) override;
    void limit_reached(net::Transport& transport,
                       std::size_t refused,
                       net::WriteLimit limit) override;
    void timed_out(net::Transport& transport, std::string_view text) override;
    void ended(net::Transport& transport) override;

    net::Loop& loop_;
    const model::UnitSpec& spec_;
    std::string title_;
    ConnectionsOwner& owner_;
    base::Log log_;
    net::Transports transports_;
};

}  // namespace protohost::unit

// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "daemon/model/configuration.hpp"
#include "daemon/net/acceptor.hpp"
#include "daemon/unit/source_limit.hpp"
#include "daemon/unit/unit.hpp"

namespace protohost::unit {

/// One running entry of `listeners:`: its listening sockets, and what they accept.
class Listener final : public Unit, private net::AcceptorOwner {
public:
    Listener(const Shared& shared, const model::ListenerSpec& spec, std::shared_ptr<Binding> binding);
    ~Listener() override;

    base::Errors bind() override;

private:
    void open() override;
    void close() override;
    void connection_ended(const net::Transport& transport) override;

    void accepted(base::Descriptor socket, const net::SocketAddress& peer) override;
    void accepting_suspended(int os_errno) override;
    void accepting_resumed(unsigned times) override;

    bool full() const { return spec_.limits.connections != 0 && accepted_ >= spec_.limits.connections; }

    std::vector<model::Located<model::Address>> listen_;
    std::vector<std::unique_ptr<net::Acceptor>> acceptors_;
    SourceLimit sources_;
    std::uint64_t accepted_ = 0;  ///< that still live
};

}  // namespace protohost::unit

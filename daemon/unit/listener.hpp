// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/base/log.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/net/acceptor.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/stream_transport.hpp"
#include "daemon/net/timer.hpp"
#include "daemon/unit/generation.hpp"

namespace protohost::unit {

/// One running entry of `listeners:`: its listening sockets, its factory, its connections.
///
///     prepared --bind()--> bound (clients queue) --start()--> serving --stop()--> draining -->
///     stopped
///
/// Everything that can fail happens in bind() or before; start() and stop() have no error path.
class Listener final : private net::AcceptorOwner, private net::TransportOwner {
public:
    Listener(net::Loop& loop, model::ListenerSpec spec, std::shared_ptr<Binding> binding);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    /// Opens every address, or none and says why.
    base::Errors bind();

    void start();

    /// No new connections; each living one is asked to finish, and aborted after the unit's drain
    /// timeout. `stopped` is called once, when the last is gone, never from inside this call.
    void stop(std::function<void()> stopped);

    /// Ends the draining at once.
    void abort_connections();

    const std::string& name() const { return spec_.name; }
    std::size_t connections() const { return connections_.size(); }

private:
    void accepted(base::Descriptor socket, const net::SocketAddress& peer) override;
    void accepting_suspended(int os_errno) override;
    void accepting_resumed(unsigned times) override;

    void callback_failed(net::Transport& transport,
                         std::string_view callback,
                         std::string_view text) override;
    void limit_reached(net::Transport& transport, std::size_t refused) override;
    void ended(net::Transport& transport) override;

    void close_acceptors();
    void check_stopped();

    net::Loop& loop_;
    model::ListenerSpec spec_;
    std::shared_ptr<Binding> binding_;
    base::Log log_;
    std::vector<std::unique_ptr<net::Acceptor>> acceptors_;
    net::Transports connections_;
    net::Timer drain_deadline_;
    net::Timer last_word_;
    std::function<void()> stopped_;
};

}  // namespace protohost::unit

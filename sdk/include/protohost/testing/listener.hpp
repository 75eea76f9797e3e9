// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <protohost/abi.h>
#include <protohost/detail/testing/configured_factory.hpp>
#include <protohost/testing/connection.hpp>
#include <protohost/testing/host.hpp>
#include <protohost/testing/options.hpp>
#include <protohost/testing/values.hpp>

namespace protohost::testing {

/// A listener in memory: one protocol factory with its options, and its connections. The options
/// are checked and completed as the daemon does it. The same serves for endpoints that connect, or
/// that read or write a pipe: connect() is then what was opened. For datagrams: DatagramEndpoint.
///
///     protohost::testing::Listener listener(host, protohost_plugin_entry_v1, {{"mark", "!!"}});
///     protohost::testing::Connection& connection = listener.connect();
class Listener {
public:
    /// With a plugin whose sources are part of the test program: `entry` is its
    /// protohost_plugin_entry_v1, and `name` chooses one of its factories; "": the first. Loads the
    /// plugin, configures the factory and calls its started(). Throws std::invalid_argument with
    /// what the operator would be told: options that do not fit, what the factory's constructor
    /// rejects or throws.
    Listener(Host& host,
             ph_entry_fn entry,
             const OptionValues& options = {},
             const ConnectionSettings& settings = {},
             std::string_view name = {})
        : factory_(host.unit().core, entry, name, options), settings_(settings) {
        start();
    }

    /// With a factory by itself: what protohost::factory<F>(name, summary, options) makes.
    Listener(Host& host,
             const ph_factory& factory,
             const OptionValues& options = {},
             const ConnectionSettings& settings = {})
        : factory_(host.unit().core, factory, options), settings_(settings) {
        start();
    }

    /// Ends its connections and what its protocols have opened, and releases the factory: what it
    /// has scheduled goes with it.
    ~Listener() { connections_.clear(); }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    /// A peer connects. The connection lives as long as the listener, also after it was lost.
    /// Throws std::runtime_error with what the factory threw: the daemon closes the connection
    /// then.
    Connection& connect() { return connect(settings_); }
    Connection& connect(const ConnectionSettings& settings) {
        return connections_.emplace_back(factory_.unit(), factory_.make_protocol(), settings);
    }

    /// The unit goes: its factory is told that it was stopped, once, and every connection is
    /// drained; see Connection::drain().
    void drain(std::chrono::nanoseconds timeout = std::chrono::seconds(30)) {
        if (!std::exchange(stopped_, true)) factory_.stopped();
        for (Connection& connection : connections_) connection.drain(timeout);
    }

    /// Those that live.
    std::size_t connections() const {
        std::size_t count = 0;
        for (const Connection& connection : connections_) {
            if (!connection.lost()) ++count;
        }
        return count;
    }

private:
    void start() {
        factory_.started();
        factory_.unit().core.run_ready();
    }

    detail::testing::ConfiguredFactory factory_;
    ConnectionSettings settings_;
    std::deque<Connection> connections_;
    bool stopped_ = false;
};

}  // namespace protohost::testing

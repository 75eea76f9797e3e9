// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/log.hpp"
#include "daemon/model/address.hpp"
#include "daemon/model/node.hpp"
#include "daemon/model/place.hpp"

// The whole configuration as plain values: copied, compared with ==, and nothing else. A default
// written here is the default of the product.

namespace protohost::model {

/// `protocol: plugin` or `protocol: plugin/factory`.
struct ProtocolName {
    std::string plugin;
    std::string factory;  ///< empty: the plugin's only factory, or the one of the plugin's name

    bool operator==(const ProtocolName&) const = default;
};

/// `write_buffer:`. Over `high` the protocol is paused, at `low` resumed; over `limit` the write is
/// refused, or the connection aborted.
struct WriteBuffer {
    enum class Policy { abort, refuse };

    std::uint64_t high = 64 * 1024;
    std::uint64_t low = 16 * 1024;
    std::uint64_t limit = 16 * 1024 * 1024;
    Policy policy = Policy::abort;

    bool operator==(const WriteBuffer&) const = default;
};

/// `timeouts:` of a unit.
struct Timeouts {
    /// How long a connection may take to end by itself when the unit stops.
    std::chrono::nanoseconds drain = std::chrono::seconds(30);

    bool operator==(const Timeouts&) const = default;
};

/// One entry of `listeners:`.
struct ListenerSpec {
    std::string name;
    Place place;
    std::vector<Located<Address>> listen;
    Located<ProtocolName> protocol;
    Node options;
    WriteBuffer write_buffer;
    Timeouts timeouts;

    bool operator==(const ListenerSpec&) const = default;
};

/// `plugins:`.
struct PluginSettings {
    std::vector<std::string> directories;  ///< searched in order, before the default ones

    bool operator==(const PluginSettings&) const = default;
};

struct Configuration {
    PluginSettings plugins;
    base::LogSettings log;
    /// `state: {directory: PATH}`; nullopt: the default of the user who runs the daemon.
    std::optional<Located<std::string>> state_directory;
    /// `control: {socket: PATH}`; nullopt: the default of the user who runs the daemon.
    std::optional<Located<std::string>> control_socket;
    std::map<std::string, ListenerSpec> listeners;

    bool operator==(const Configuration&) const = default;
};

}  // namespace protohost::model

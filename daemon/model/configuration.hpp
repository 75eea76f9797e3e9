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
#include "daemon/model/network.hpp"
#include "daemon/model/node.hpp"
#include "daemon/model/place.hpp"
#include "daemon/model/process.hpp"
#include "daemon/model/tls.hpp"

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

/// `timeouts:` of a unit. Where 0 is allowed it means: none.
struct Timeouts {
    /// How long connecting may take, all addresses and the resolver together.
    std::chrono::nanoseconds connect = std::chrono::seconds(10);
    /// No byte in either direction for so long: the connection is aborted. 0: never.
    std::chrono::nanoseconds idle{0};
    /// Bytes wait and the peer takes none for so long: the connection is aborted. 0: never.
    std::chrono::nanoseconds write_stall{0};
    /// How long a connection may take to end by itself when the unit stops.
    std::chrono::nanoseconds drain = std::chrono::seconds(30);
    /// Of a subprocess: how long after its exit others may hold its pipes. 0: as long as they like.
    std::chrono::nanoseconds pipes{0};

    bool operator==(const Timeouts&) const = default;
};

/// One item of `socket: {multicast: [...]}`.
struct MulticastGroup {
    std::string group;      ///< "239.1.2.3", "ff15::7"
    std::string interface;  ///< "eth0"; empty: the kernel chooses

    bool operator==(const MulticastGroup&) const = default;
};

/// Where the keys of a `socket:` were written, for what the kernel says about them later.
struct KeyPlaces {
    /// By "socket.local": "protohost.yaml:9:7: endpoints.feed.socket.local".
    std::map<std::string, std::string> known;

    const std::string* find(const std::string& key) const {
        const auto found = known.find(key);
        return found == known.end() ? nullptr : &found->second;
    }
    /// As that of Place.
    friend bool operator==(const KeyPlaces&, const KeyPlaces&) { return true; }
};

/// `socket:` of a unit. 0 and absent leave what the kernel does by itself.
struct SocketSettings {
    bool keepalive = true;
    bool nodelay = true;
    std::chrono::nanoseconds user_timeout{0};  ///< TCP_USER_TIMEOUT
    bool reuse_port = false;
    int backlog = 4096;  ///< the kernel's limit holds too
    bool ipv6_only = true;
    std::optional<Located<Address>> local;  ///< what an outgoing connection is bound to
    std::uint64_t send_buffer = 0;
    std::uint64_t receive_buffer = 0;
    bool broadcast = false;
    std::vector<MulticastGroup> multicast;
    // Of the file of a UNIX socket; absent: what umask and the daemon's user give.
    std::optional<std::uint32_t> mode;
    std::optional<std::string> owner;
    std::optional<std::string> group;
    /// What the two are to the kernel, where somebody has looked already: to ask may block.
    std::optional<std::uint32_t> uid;
    std::optional<std::uint32_t> gid;
    KeyPlaces places;

    bool operator==(const SocketSettings&) const = default;
};

/// `limits:` of a unit. 0: none.
struct Limits {
    /// Connections at a time; at the limit, further ones wait in the kernel's queue.
    std::uint64_t connections = 0;
    /// Connections at a time from one IP address (IPv6: from one /64); further ones are closed.
    std::uint64_t per_source = 0;

    bool operator==(const Limits&) const = default;
};

/// What all units have.
struct UnitSpec {
    std::string name;
    Place place;
    Located<ProtocolName> protocol;
    Node options;
    WriteBuffer write_buffer;
    Timeouts timeouts;
    SocketSettings socket;
    Limits limits;
    std::optional<Tls> tls;  ///< of listeners and of outgoing streams
    int stop_signal = 15;    ///< of a subprocess; SIGTERM

    bool operator==(const UnitSpec&) const = default;
};

/// `proxy_protocol:` of a listener behind a load balancer, which says whom it speaks for.
struct ProxyProtocol {
    /// Who is believed; whoever else connects is sent away. UNIX sockets are beyond this: who may
    /// connect there says the mode of the file.
    std::vector<Network> trusted;
    std::chrono::nanoseconds timeout = std::chrono::seconds(3);  ///< for the header

    bool operator==(const ProxyProtocol&) const = default;
};

/// One entry of `listeners:`.
struct ListenerSpec : UnitSpec {
    std::vector<Located<Address>> listen;
    std::optional<ProxyProtocol> proxy_protocol;

    bool operator==(const ListenerSpec&) const = default;
};

/// `reconnect:` of an outgoing endpoint: when, after a failure or a loss, the next attempt begins.
/// The pause doubles from `initial` to `max`, each time shortened by up to `jitter` of it; a
/// connection that lived longer than `max` starts anew at `initial`.
struct Reconnect {
    std::chrono::nanoseconds initial = std::chrono::milliseconds(100);
    std::chrono::nanoseconds max = std::chrono::seconds(30);
    double jitter = 0.2;  ///< 0 to 1

    bool operator==(const Reconnect&) const = default;
};

/// One entry of `endpoints:`.
struct EndpointSpec : UnitSpec {
    enum class Kind {
        connect,  ///< an outgoing stream connection, or a connected datagram socket
        bind,     ///< a datagram socket with an address of its own
        read,     ///< the read end of a pipe: a FIFO, a character device, fd:N
        write     ///< the write end
    };

    Kind kind = Kind::connect;
    Located<Address> address;                ///< of connect and bind
    std::optional<Located<Address>> remote;  ///< of bind: where sendto() without an address goes
    Located<std::string> path;               ///< of read and write; empty where it is `fd:N`
    int descriptor = -1;                     ///< of read and write: `fd:N`
    /// Of connect, read and write; nullopt is `reconnect: never`.
    std::optional<Reconnect> reconnect = Reconnect{};
    /// The daemon is not ready, and fails to start, before this one is open.
    bool required = false;

    bool operator==(const EndpointSpec&) const = default;
};

/// One entry of `subprocesses:`. Its `timeouts.drain` is what `stop.timeout` says.
struct SubprocessSpec : UnitSpec {
    ProcessSpec process;
    Restart restart = Restart::on_failure;
    ProcessBackoff backoff;
    ProcessReadiness ready;
    /// Which are ready before it starts, and stop only after it has stopped.
    std::vector<Located<std::string>> depends_on;
    /// The daemon is not ready, and fails to start, before this one has been ready.
    bool required = false;

    bool operator==(const SubprocessSpec&) const = default;
};

/// `memory:`.
struct MemorySettings {
    /// What the write buffers of all transports may hold together; beyond it the connection with
    /// the write that would pass it is treated as if it were over its own limit.
    std::uint64_t write_buffers = std::uint64_t{1} << 30;

    bool operator==(const MemorySettings&) const = default;
};

/// `plugins: {modules: {NAME: ...}}`.
struct ModuleSettings {
    /// Code that nothing holds any more is unmapped where that is proven safe; else it stays.
    bool unmap = false;

    bool operator==(const ModuleSettings&) const = default;
};

/// `plugins:`.
struct PluginSettings {
    std::vector<std::string> directories;  ///< searched in order, before the default ones
    /// How many replaced generations may still have holders; over it a reload is rejected.
    std::uint64_t max_draining = 8;
    std::map<std::string, ModuleSettings> modules;  ///< by the name of the plugin

    bool operator==(const PluginSettings&) const = default;
};

/// A user, or the members of a group, by name or by number. Whether there is such an account is
/// found out when it is used.
struct Account {
    std::string name;       ///< without the @ of a group
    bool is_group = false;  ///< written as "@name"

    bool operator==(const Account&) const = default;
};

/// `control:`. Who may administer may operate too, and who may operate may read; root and the user
/// who runs the daemon may always administer.
struct ControlSettings {
    /// nullopt: the default of the user who runs the daemon.
    std::optional<Located<std::string>> socket;
    std::vector<Located<Account>> read;
    std::vector<Located<Account>> operate;
    std::vector<Located<Account>> administer;

    bool operator==(const ControlSettings&) const = default;
};

struct Configuration {
    PluginSettings plugins;
    base::LogSettings log;
    /// `state: {directory: PATH}`; nullopt: the default of the user who runs the daemon.
    std::optional<Located<std::string>> state_directory;
    ControlSettings control;
    MemorySettings memory;
    /// Whom a daemon that root has started becomes once its addresses are open; nullopt: it stays.
    std::optional<Located<std::string>> user;
    std::optional<Located<std::string>> group;  ///< nullopt: the user's
    std::map<std::string, ListenerSpec> listeners;
    std::map<std::string, EndpointSpec> endpoints;
    std::map<std::string, SubprocessSpec> subprocesses;

    bool operator==(const Configuration&) const = default;
};

}  // namespace protohost::model

// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string_view>

// The vocabulary of the configuration file, section by section. What each key means is in
// docs/configuration.md.

namespace protohost::config::keys {

using Key = std::string_view;

namespace top {
inline constexpr Key plugins = "plugins";
inline constexpr Key log = "log";
inline constexpr Key state = "state";
inline constexpr Key control = "control";
inline constexpr Key memory = "memory";
inline constexpr Key listeners = "listeners";
inline constexpr Key endpoints = "endpoints";
inline constexpr Key subprocesses = "subprocesses";
inline constexpr std::array all{
    plugins, log, state, control, memory, listeners, endpoints, subprocesses};
}  // namespace top

namespace plugins {
inline constexpr Key directories = "directories";
inline constexpr Key max_draining = "max_draining";
inline constexpr Key modules = "modules";
}  // namespace plugins

namespace module {
inline constexpr Key unmap = "unmap";
}  // namespace module

namespace log {
inline constexpr Key level = "level";
inline constexpr Key format = "format";
inline constexpr Key areas = "areas";
}  // namespace log

namespace state {
inline constexpr Key directory = "directory";
}  // namespace state

namespace control {
inline constexpr Key socket = "socket";
inline constexpr Key read = "read";
inline constexpr Key operate = "operate";
inline constexpr Key administer = "administer";
}  // namespace control

namespace memory {
inline constexpr Key write_buffers = "write_buffers";
}  // namespace memory

namespace unit {
inline constexpr Key protocol = "protocol";
inline constexpr Key options = "options";
inline constexpr Key write_buffer = "write_buffer";
inline constexpr Key timeouts = "timeouts";
inline constexpr Key socket = "socket";
}  // namespace unit

namespace listener {
inline constexpr Key listen = "listen";
inline constexpr Key limits = "limits";
}  // namespace listener

namespace endpoint {
inline constexpr Key connect = "connect";
inline constexpr Key bind = "bind";
inline constexpr Key read = "read";
inline constexpr Key write = "write";
inline constexpr Key remote = "remote";
inline constexpr Key reconnect = "reconnect";
inline constexpr Key required = "required";
}  // namespace endpoint

namespace write_buffer {
inline constexpr Key high = "high";
inline constexpr Key low = "low";
inline constexpr Key limit = "limit";
inline constexpr Key policy = "policy";
}  // namespace write_buffer

namespace timeouts {
inline constexpr Key connect = "connect";
inline constexpr Key idle = "idle";
inline constexpr Key write_stall = "write_stall";
inline constexpr Key drain = "drain";
}  // namespace timeouts

namespace socket {
inline constexpr Key keepalive = "keepalive";
inline constexpr Key nodelay = "nodelay";
inline constexpr Key user_timeout = "user_timeout";
inline constexpr Key reuse_port = "reuse_port";
inline constexpr Key backlog = "backlog";
inline constexpr Key ipv6_only = "ipv6_only";
inline constexpr Key local = "local";
inline constexpr Key send_buffer = "send_buffer";
inline constexpr Key receive_buffer = "receive_buffer";
inline constexpr Key broadcast = "broadcast";
inline constexpr Key multicast = "multicast";
inline constexpr Key mode = "mode";
inline constexpr Key owner = "owner";
inline constexpr Key group = "group";
}  // namespace socket

namespace multicast {
inline constexpr Key group = "group";
inline constexpr Key interface = "interface";
}  // namespace multicast

namespace limits {
inline constexpr Key connections = "connections";
inline constexpr Key per_source = "per_source";
}  // namespace limits

namespace reconnect {
inline constexpr Key initial = "initial";
inline constexpr Key max = "max";
inline constexpr Key jitter = "jitter";
}  // namespace reconnect

}  // namespace protohost::config::keys

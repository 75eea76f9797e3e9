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
inline constexpr Key listeners = "listeners";
inline constexpr Key endpoints = "endpoints";
inline constexpr Key subprocesses = "subprocesses";
inline constexpr std::array all{plugins, log, state, control, listeners, endpoints, subprocesses};
}  // namespace top

namespace plugins {
inline constexpr Key directories = "directories";
}  // namespace plugins

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
}  // namespace control

namespace listener {
inline constexpr Key listen = "listen";
inline constexpr Key protocol = "protocol";
inline constexpr Key options = "options";
inline constexpr Key write_buffer = "write_buffer";
inline constexpr Key timeouts = "timeouts";
}  // namespace listener

namespace write_buffer {
inline constexpr Key high = "high";
inline constexpr Key low = "low";
inline constexpr Key limit = "limit";
inline constexpr Key policy = "policy";
}  // namespace write_buffer

namespace timeouts {
inline constexpr Key drain = "drain";
}  // namespace timeouts

}  // namespace protohost::config::keys

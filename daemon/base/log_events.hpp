// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

/// The kinds of events that operators watch, as LogFields::id: MESSAGE_ID in the journal. An id
/// keeps its meaning for ever, and systemd/protohost.catalog explains each.
namespace protohost::base::events {

// The daemon.
inline constexpr std::string_view ready = "5ade939d7a234caa914e7c429676b4c1";
inline constexpr std::string_view cannot_start = "4d234b576f924f5ea37fa33c80416743";
inline constexpr std::string_view stopping = "f88e59e40de04e4f8281fd1fc404338b";
inline constexpr std::string_view stopped = "b44ab5c8dc9849b090f4c4fa20b37284";

// Reloads.
inline constexpr std::string_view reload_applied = "8a4c650ffc0d454c9debfeb1102c3c1f";
inline constexpr std::string_view reload_rejected = "27f4f0850b664e45aefef3b678f83ba6";
inline constexpr std::string_view rolled_back = "f07bc027d9404bb29790bdab48665841";
inline constexpr std::string_view restart_required = "b31008fd0e9b4733b92a749fb0307693";

// Listeners and endpoints.
inline constexpr std::string_view listening = "220a0ab4bc51409a8c628765f439f5b6";
inline constexpr std::string_view not_accepting = "78d56949663a48f78fbcec0a5dee9884";
inline constexpr std::string_view endpoint_opened = "84c7291b5c7c45bcac01934f5ad07c23";
inline constexpr std::string_view endpoint_lost = "15e65364e4294cb8b88b7bc942950804";
inline constexpr std::string_view endpoint_failed = "953fbf4999464cf1ad8061a8adf77018";

// Subprocesses.
inline constexpr std::string_view process_ended = "c19cb66a8e174fc399bc59614aecb0f7";
inline constexpr std::string_view process_backoff = "6a37057b0b894062bc6b0aca3ab97e1e";
inline constexpr std::string_view process_failed = "4f1c3179c7b045de95c3d043b4962337";

// Certificates.
inline constexpr std::string_view certificate_loaded = "e40563fad1c44a0ba9fcae44191b088c";
inline constexpr std::string_view certificate_refused = "8594be8b83504068806c6e42d8a3cd76";
inline constexpr std::string_view certificate_expires = "44a19abea2c84e8898b38054b91a449f";

// Plugins.
inline constexpr std::string_view plugin_fault = "81c5eb130aa041d49def6db84f2bae58";
inline constexpr std::string_view plugin_retired = "867a329865cd429190abd64d3da4cae8";
inline constexpr std::string_view loop_held = "a502e294852449e9b0980eb5b3a0eb72";

// protohostctl.
inline constexpr std::string_view control_action = "8775b4fd064243e0b06557308539baf0";

}  // namespace protohost::base::events

// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace protohost::plugin {

inline constexpr std::string_view staging_prefix = "plugins.";
inline constexpr std::string_view staging_lock = "lock";

/// Removes the staging folders in `state_directory` whose processes are gone. To be called with the
/// state directory locked, or a folder that is just being made, not yet locked, would look dead.
void remove_stale_folders(const std::string& state_directory);

/// A staging folder and the files in it. Errors are ignored: the next process tries again.
void remove_folder(const std::string& path);

}  // namespace protohost::plugin

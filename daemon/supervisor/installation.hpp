// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace protohost::supervisor {

/// The default of a daemon that serves the whole machine.
inline constexpr std::string_view service_control_socket = "/run/protohost/control.sock";

/// Where things are on this machine, for this user, when the configuration does not say.
struct Installation {
    std::string configuration_file;
    /// Searched after `plugins.directories`, in order.
    std::vector<std::string> plugin_directories;
    std::string state_directory;
    std::string control_socket;
    /// Who may own plugin files, beside root and the user of the daemon.
    std::vector<uid_t> trusted_owners;
    /// What tries plugins: the daemon itself, also where its file was replaced meanwhile.
    std::string probe_program = "/proc/self/exe";
    /// Looks at what plugins do that must not be looked at for each message.
    bool plugin_checks = false;
};

/// Looks at the binary's own place, the user and the environment. The plugins that were installed
/// with the binary come first; run from a build tree, those of the tree, which may belong to
/// whoever owns the binary.
Installation find_installation();

}  // namespace protohost::supervisor

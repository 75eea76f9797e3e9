// SPDX-License-Identifier: MIT
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <sys/types.h>

#include "daemon/base/error.hpp"
#include "daemon/model/configuration.hpp"

namespace protohost::control {

/// What somebody may do; each includes those before it.
enum class Role { nobody, read, operate, administer };

/// "read", as the configuration has it.
std::string_view to_string(Role role);

/// Who is at the other end of a control connection, by the kernel's word.
struct Peer {
    pid_t pid = 0;
    uid_t uid = 0;
    std::set<gid_t> groups;

    /// "uid 0 (pid 4711)".
    std::string text() const;
};

/// The peer of a connected UNIX socket; its groups are those it had when it connected.
Peer peer_of(int fd);

/// Who may do what, with the accounts of `control:` looked up.
class Permissions {
public:
    /// Accounts that do not exist are errors, and may do nothing.
    static Permissions look_up(const model::ControlSettings& settings, base::Errors& errors);

    /// Root and the user of this process may administer.
    Role role_of(const Peer& peer) const;
    /// Whether it is one of these two, whom nobody may keep out.
    static bool owns_daemon(const Peer& peer);

    /// Whether anybody else may do anything.
    bool others() const;

private:
    struct Accounts {
        std::set<uid_t> users;
        std::set<gid_t> groups;

        bool contain(const Peer& peer) const;
    };

    Accounts read_;
    Accounts operate_;
    Accounts administer_;
};

}  // namespace protohost::control

// SPDX-License-Identifier: MIT
#include "daemon/control/permissions.hpp"

#include <algorithm>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "daemon/base/format.hpp"
#include "daemon/net/account.hpp"

namespace protohost::control {

std::string_view to_string(Role role) {
    switch (role) {
        case Role::read:
            return "read";
        case Role::operate:
            return "operate";
        case Role::administer:
            return "administer";
        case Role::nobody:
            break;
    }
    return "nobody";
}

std::string Peer::text() const {
    return base::format("uid {} (pid {})", uid, pid);
}

Peer peer_of(int fd) {
    Peer peer{0, static_cast<uid_t>(-1), {}};
    ucred found{};
    socklen_t size = sizeof found;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &found, &size) != 0) return peer;
    peer.pid = found.pid;
    peer.uid = found.uid;
    peer.groups.insert(found.gid);
    std::vector<gid_t> groups(256);
    size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) == 0) {
        groups.resize(size / sizeof(gid_t));
        peer.groups.insert(groups.begin(), groups.end());
    }
    return peer;
}

bool Permissions::Accounts::contain(const Peer& peer) const {
    return users.contains(peer.uid) ||
           std::any_of(peer.groups.begin(), peer.groups.end(), [&](gid_t group) {
               return groups.contains(group);
           });
}

Permissions Permissions::look_up(const model::ControlSettings& settings, base::Errors& errors) {
    Permissions found;
    const auto add = [&](const auto& accounts, std::string_view key, Accounts& to) {
        for (const auto& account : accounts) {
            const std::string& name = account.value.name;
            if (account.value.is_group) {
                if (const auto group = net::find_group(name)) {
                    to.groups.insert(*group);
                    continue;
                }
            } else if (const auto user = net::find_user(name)) {
                to.users.insert(*user);
                continue;
            }
            errors.push_back(
                {model::to_string(account.place, "control." + std::string(key)),
                 base::format(
                     "there is no {} \"{}\"", account.value.is_group ? "group" : "user", name),
                 ""});
        }
    };
    add(settings.read, "read", found.read_);
    add(settings.operate, "operate", found.operate_);
    add(settings.administer, "administer", found.administer_);
    return found;
}

Role Permissions::role_of(const Peer& peer) const {
    if (owns_daemon(peer) || administer_.contain(peer)) return Role::administer;
    if (operate_.contain(peer)) return Role::operate;
    return read_.contain(peer) ? Role::read : Role::nobody;
}

bool Permissions::owns_daemon(const Peer& peer) {
    return peer.uid == 0 || peer.uid == ::geteuid();
}

bool Permissions::others() const {
    const auto any = [](const Accounts& accounts) {
        return !accounts.users.empty() || !accounts.groups.empty();
    };
    return any(read_) || any(operate_) || any(administer_);
}

}  // namespace protohost::control

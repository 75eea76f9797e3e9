// SPDX-License-Identifier: MIT
#include "daemon/supervisor/give_up_root.hpp"

#include <cerrno>
#include <cstring>
#include <grp.h>
#include <linux/capability.h>
#include <optional>
#include <string>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/base/log.hpp"
#include "daemon/net/account.hpp"

namespace protohost::supervisor {

namespace {

/// `errors` with the place of the key that names the account.
base::Errors at(const model::Located<std::string>& key,
                std::string_view name,
                base::Errors errors) {
    for (base::Error& error : errors) error.where = model::to_string(key.place, std::string(name));
    return errors;
}

base::Result<net::Account> find_successor(const model::Configuration& desired) {
    auto account = net::find_account(desired.user->value);
    if (!account) return at(*desired.user, "user", account.error());
    if (desired.group) {
        const auto group = net::find_group(desired.group->value);
        if (!group) return at(*desired.group, "group", group.error());
        account->group = *group;
    }
    return account;
}

/// The only one: of what the kernel keeps for this thread and those that it will start.
int keep_low_ports() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct sets[2]{};
    sets[0].permitted = sets[0].effective = 1U << CAP_NET_BIND_SERVICE;
    if (::syscall(SYS_capset, &header, sets) == 0) return 0;
    // Whoever has started us may have taken it away before.
    sets[0].permitted = sets[0].effective = 0;
    return ::syscall(SYS_capset, &header, sets) == 0 ? 0 : errno;
}

int become(const net::Account& account) {
    if (::setgroups(account.groups.size(), account.groups.data()) != 0) return errno;
    if (::setresgid(account.group, account.group, account.group) != 0) return errno;
    if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return errno;
    if (::setresuid(account.user, account.user, account.user) != 0) return errno;
    return keep_low_ports();
}

/// 0 or an error number.
int give_folder(const std::string& folder, const net::Account& account) {
    if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) return errno;
    return ::chown(folder.c_str(), account.user, account.group) == 0 ? 0 : errno;
}

base::Errors refused(const model::Configuration& desired, const std::string& what, int error) {
    return at(*desired.user,
              "user",
              base::failure({},
                            base::format("cannot {}: {}", what, std::strerror(error)),
                            "it takes CAP_SETUID, CAP_SETGID and CAP_CHOWN",
                            error));
}

base::Errors give_belongings(const model::Configuration& desired,
                             const plugin::StagingDirectory& staging,
                             const Installation& installation,
                             const net::Account& account) {
    if (const int error = staging.give_to(account.user, account.group); error != 0) {
        return refused(desired, base::format("give {} to {}", staging.path(), account.name), error);
    }
    if (desired.control.socket) return {};  // its folder may be anybody's
    const std::string folder =
        installation.control_socket.substr(0, installation.control_socket.rfind('/'));
    const int error = give_folder(folder, account);
    if (error == 0) return {};
    return refused(desired, base::format("give {} to {}", folder, account.name), error);
}

}  // namespace

base::Errors give_up_root(const model::Configuration& desired,
                          const plugin::StagingDirectory& staging,
                          const Installation& installation) {
    if (!desired.user || ::geteuid() != 0) return {};
    const auto account = find_successor(desired);
    if (!account) return account.error();
    if (account->user == 0) return {};
    auto errors = give_belongings(desired, staging, installation, *account);
    if (!errors.empty()) return errors;
    const int error = become(*account);
    return error == 0 ? base::Errors() : refused(desired, "become " + account->name, error);
}

void tell_who_runs(const model::Configuration& running, const base::Log& log) {
    const bool root = ::geteuid() == 0;
    const std::string& name = net::own_account().name;
    if (root && !running.user) {
        log.warn("runs as root, which nothing but `user` of a subprocess needs: set user");
    } else if (running.user && running.user->value != name &&
               running.user->value != std::to_string(::geteuid())) {
        log.warn("{}: has no effect: {} cannot become {}",
                 model::to_string(running.user->place, "user"),
                 name,
                 running.user->value);
    } else if (running.user) {
        log.info("runs as {}", name);
    }
}

}  // namespace protohost::supervisor

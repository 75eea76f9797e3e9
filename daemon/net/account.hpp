// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "daemon/base/error.hpp"

namespace protohost::net {

/// A user of this machine, as far as his programs need to know him.
struct Account {
    uid_t user = 0;
    gid_t group = 0;
    std::vector<gid_t> groups;  ///< his supplementary ones, `group` among them
    std::string name;
    std::string home;
};

/// By name, or by number. [any] Blocks: it may ask a server of names. `os_errno` is 0 where there
/// is no such user.
base::Result<Account> find_account(const std::string& user);

/// A user by name or by number, which need not be anybody's. [any] Blocks.
base::Result<uid_t> find_user(const std::string& user);
/// A group, likewise.
base::Result<gid_t> find_group(const std::string& group);

/// By name alone, also where that looks like a number. [any] Blocks.
base::Result<uid_t> user_named(const std::string& name);
base::Result<gid_t> group_named(const std::string& name);
/// nullopt: it is no number of an account.
std::optional<unsigned> account_number(std::string_view text);

/// Whoever runs this process. [any] Blocks the first time.
const Account& own_account();

}  // namespace protohost::net

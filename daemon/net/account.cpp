// SPDX-License-Identifier: MIT
#include "daemon/net/account.hpp"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <grp.h>
#include <limits>
#include <pwd.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "daemon/base/format.hpp"

namespace protohost::net {

namespace {

/// Calls `look_up(entry, buffer, size, &found)` with as much room as it needs; 0 or an errno.
template <class F>
int with_room(std::vector<char>& buffer, F&& look_up) {
    int error = ERANGE;
    for (std::size_t size = 1024; error == ERANGE && size <= (std::size_t{1} << 20); size *= 4) {
        buffer.resize(size);
        error = look_up(buffer.data(), buffer.size());
    }
    return error;
}

base::Errors not_found(std::string_view kind, const std::string& name, int error) {
    // What the functions say of nobody differs from one source of names to the next.
    if (error == 0 || error == ENOENT || error == ESRCH) {
        return base::failure({}, base::format("there is no {} \"{}\"", kind, name));
    }
    return base::failure(
        {}, base::format("cannot find {} {}: {}", kind, name, std::strerror(error)), {}, error);
}

std::vector<gid_t> groups_of(const char* name, gid_t group) {
    std::vector<gid_t> groups(64);
    int count = static_cast<int>(groups.size());
    if (::getgrouplist(name, group, groups.data(), &count) < 0) {
        groups.resize(static_cast<std::size_t>(count));
        ::getgrouplist(name, group, groups.data(), &count);
    }
    groups.resize(static_cast<std::size_t>(count));
    return groups;
}

}  // namespace

std::optional<unsigned> account_number(std::string_view text) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    // For the kernel the highest one means "leave it as it is".
    if (number == std::numeric_limits<unsigned>::max()) return std::nullopt;
    return number;
}

base::Result<Account> find_account(const std::string& user) {
    const auto number = account_number(user);
    std::vector<char> buffer;
    passwd entry{};
    passwd* found = nullptr;
    const int error = with_room(buffer, [&](char* room, std::size_t size) {
        return number ? ::getpwuid_r(*number, &entry, room, size, &found)
                      : ::getpwnam_r(user.c_str(), &entry, room, size, &found);
    });
    if (found == nullptr) return not_found("user", user, error);
    return Account{entry.pw_uid,
                   entry.pw_gid,
                   groups_of(entry.pw_name, entry.pw_gid),
                   entry.pw_name,
                   entry.pw_dir};
}

base::Result<uid_t> user_named(const std::string& name) {
    std::vector<char> buffer;
    passwd entry{};
    passwd* found = nullptr;
    const int error = with_room(buffer, [&](char* room, std::size_t size) {
        return ::getpwnam_r(name.c_str(), &entry, room, size, &found);
    });
    if (found == nullptr) return not_found("user", name, error);
    return base::success(entry.pw_uid);
}

base::Result<gid_t> group_named(const std::string& name) {
    std::vector<char> buffer;
    ::group entry{};
    ::group* found = nullptr;
    const int error = with_room(buffer, [&](char* room, std::size_t size) {
        return ::getgrnam_r(name.c_str(), &entry, room, size, &found);
    });
    if (found == nullptr) return not_found("group", name, error);
    return base::success(entry.gr_gid);
}

base::Result<uid_t> find_user(const std::string& user) {
    if (const auto number = account_number(user)) return base::success(uid_t{*number});
    return user_named(user);
}

base::Result<gid_t> find_group(const std::string& group) {
    if (const auto number = account_number(group)) return base::success(gid_t{*number});
    return group_named(group);
}

const Account& own_account() {
    static const Account own = [] {
        auto found = find_account(std::to_string(::geteuid()));
        return found ? std::move(*found) : Account{::geteuid(), ::getegid(), {}, {}, "/"};
    }();
    return own;
}

}  // namespace protohost::net

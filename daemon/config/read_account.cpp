// SPDX-License-Identifier: MIT
#include "daemon/config/read_account.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/config/readers.hpp"
#include "daemon/model/value.hpp"

namespace protohost::config {
namespace {

using model::Node;
using LocatedAccount = model::Located<model::Account>;

bool is_account(std::string_view name) {
    return !name.empty() && name[0] != '@' &&
           name.find_first_of(std::string_view(": \t\n\0", 5)) == std::string_view::npos;
}

base::Result<LocatedAccount> read_user_or_group(const Node& node) {
    LocatedAccount account{{node.text, false}, node.place};
    if (node.text.starts_with('@')) account.value = {node.text.substr(1), true};
    if (node.kind == Node::Kind::scalar && is_account(account.value.name)) return account;
    return base::Errors{model::unexpected(node, "a user such as alice, or a group such as @adm")};
}

}  // namespace

base::Result<std::string> read_account(const Node& node) {
    auto name = model::read_string(node);
    if (!name || is_account(*name)) return name;
    return base::Errors{model::unexpected(node, "the name or the number of an account")};
}

base::Result<std::vector<LocatedAccount>> read_accounts(const Node& node) {
    if (node.kind != Node::Kind::sequence) {
        std::string hint;
        if (read_user_or_group(node)) hint = base::format("write [{}]", model::quote(node.text));
        if (node.kind == Node::Kind::null) hint = "write a value, or leave the key out";
        return base::Errors{model::unexpected(node, "a list of users and @groups", hint)};
    }
    auto accounts = read_each(node, read_user_or_group);
    if (!accounts) return accounts;
    base::Errors repeated;
    for (auto account = accounts->begin(); account != accounts->end(); ++account) {
        if (std::find(accounts->begin(), account, *account) == account) continue;
        const auto index = static_cast<std::size_t>(account - accounts->begin());
        const Node& item = node.items[index];
        repeated.push_back(model::error_at(
            item, base::format("{} is listed twice", model::quote(item.text)), "remove one"));
    }
    if (!repeated.empty()) return repeated;
    return accounts;
}

}  // namespace protohost::config

// SPDX-License-Identifier: MIT
#include "daemon/unit/process_identity.hpp"

#include <unistd.h>
#include <utility>

#include "daemon/base/format.hpp"
#include "daemon/net/process_environment.hpp"
#include "daemon/net/relaxed_service.hpp"

namespace protohost::unit {

namespace {

base::Errors at(const model::SubprocessSpec& spec,
                const model::Located<std::string>& account,
                std::string_view key,
                base::Errors errors) {
    for (base::Error& error : errors) {
        error.where =
            model::to_string(account.place, base::format("subprocesses.{}.{}", spec.name, key));
    }
    return errors;
}

base::Errors not_allowed(std::string_view what, const std::string& name) {
    return base::failure(
        {},
        base::format("only root may start a process with another {} ({})", what, name),
        base::format("remove it, or run the daemon as root; {}", net::relaxed_service));
}

}  // namespace

base::Result<ProcessIdentity> ProcessIdentity::find(const model::SubprocessSpec& spec) {
    ProcessIdentity identity{net::own_account(), std::nullopt};
    const bool root = ::geteuid() == 0;
    if (const auto& user = spec.process.user) {
        auto found = net::find_account(user->value);
        if (!found) return at(spec, *user, "user", found.error());
        if (!root && found->user != ::geteuid()) {
            return at(spec, *user, "user", not_allowed("user", user->value));
        }
        identity.account = std::move(*found);
    }
    if (const auto& group = spec.process.group) {
        const auto found = net::find_group(group->value);
        if (!found) return at(spec, *group, "group", found.error());
        if (!root && *found != ::getegid()) {
            return at(spec, *group, "group", not_allowed("group", group->value));
        }
        identity.group = *found;
    }
    return identity;
}

net::ProcessPlan process_plan(const model::SubprocessSpec& spec, const ProcessIdentity& identity) {
    const model::ProcessSpec& process = spec.process;
    net::ProcessPlan plan;
    plan.command = process.shell.empty() ? process.command
                                         : std::vector<std::string>{"/bin/sh", "-c", process.shell};
    plan.environment = net::clean_environment(identity.account);
    for (const auto& [name, value] : process.environment) {
        net::set_variable(plan.environment, base::format("{}={}", name, value));
    }
    if (process.directory) plan.directory = process.directory->value;
    if (process.user && ::geteuid() == 0) {
        plan.user = identity.account.user;
        plan.group = identity.account.group;
        plan.groups = identity.account.groups;
    }
    if (identity.group && ::geteuid() == 0) plan.group = identity.group;
    for (const model::ProcessLimit& limit : process.limits) {
        plan.limits.push_back({limit.resource, limit.value, limit.value});
    }
    return plan;
}

}  // namespace protohost::unit

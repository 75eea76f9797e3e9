// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <sys/types.h>

#include "daemon/base/error.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/net/account.hpp"
#include "daemon/net/process_plan.hpp"

namespace protohost::unit {

/// Whom a subprocess runs as: what its `user` and `group` are on this machine.
struct ProcessIdentity {
    net::Account account;
    /// nullopt: that of the account.
    std::optional<gid_t> group;

    /// [any] Blocks: it may ask a server of names. Errors have the place of the key; also where the
    /// daemon may not become him.
    static base::Result<ProcessIdentity> find(const model::SubprocessSpec& spec);
};

/// What is started for `spec`.
net::ProcessPlan process_plan(const model::SubprocessSpec& spec, const ProcessIdentity& identity);

}  // namespace protohost::unit

// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <set>
#include <string>

#include "daemon/base/error.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/net/tls_context.hpp"

namespace protohost::supervisor {

/// By the names of the units that have `tls:`.
using TlsContexts = std::map<std::string, net::TlsContext::Pointer>;

/// What the units of a configuration are to have.
struct DesiredTls {
    TlsContexts contexts;
    std::set<std::string> changed;  ///< whose settings or files are not what `running` was made of
    base::Errors errors;            ///< where there are any, nothing of it is to be used
};

/// Reads the files of all units. Who has what it needs keeps its context: it is compared by what is
/// in the files, so that a reload leaves alone what has not changed, and sees what has changed
/// under the same names. [any] Blocks.
DesiredTls read_tls(const model::Configuration& desired, const TlsContexts& running);

/// `former` where its files hold what they held, or a new one of what they hold now. [any] Blocks.
base::Result<net::TlsContext::Pointer> read_again(const net::TlsContext::Pointer& former);

}  // namespace protohost::supervisor

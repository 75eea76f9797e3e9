// SPDX-License-Identifier: MIT
#pragma once

#include "daemon/base/error.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/net/connect_attempt.hpp"

namespace protohost::net {

/// The connection that the daemon was started with as descriptor `fd`: from now on it is the
/// caller's alone, so that closing it ends it. The number stays taken, by something that has ended;
/// a second call says that there is no connection. It gets the options of `settings` that an
/// outgoing socket has. Errors have no place.
base::Result<ConnectedSocket> take_connection(int fd, const model::SocketSettings& settings);

}  // namespace protohost::net

// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/model/node.hpp"

namespace protohost::config {

/// The key that an address stands at. It decides which kinds the address may be.
enum class AddressUse {
    listen,   ///< streams, fd:N, systemd:NAME
    connect,  ///< streams and datagrams, fd:N; not port 0
    bind,     ///< datagrams, fd:N, systemd:NAME
    remote,   ///< datagrams; not port 0
    local,    ///< streams and datagrams
    probe     ///< streams; not port 0
};

using LocatedAddress = model::Located<model::Address>;

base::Result<LocatedAddress> read_address(const model::Node& node, AddressUse use);

/// The address of the other end: `remote` beside `bind`, `local` beside `connect`. One socket has
/// both, so scheme and family are the same.
base::Result<LocatedAddress> read_other_end(const model::Node& node,
                                            AddressUse use,
                                            const std::optional<model::Address>& first);

/// `listen`: one address or a list of them, at least one.
base::Result<std::vector<LocatedAddress>> read_listen(const model::Node& node);

/// `read` and `write`: an absolute path, or fd:N.
struct PipeName {
    model::Located<std::string> path;  ///< empty where it is a descriptor
    int descriptor = -1;
};
base::Result<PipeName> read_pipe_name(const model::Node& node);

}  // namespace protohost::config

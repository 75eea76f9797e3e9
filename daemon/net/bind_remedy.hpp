// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <string>
#include <sys/socket.h>

namespace protohost::net {

/// What to do where a socket of `type` could not be bound to an internet address; empty where the
/// error says it itself.
inline std::string bind_remedy(int os_errno, int type) {
    switch (os_errno) {
        case EADDRINUSE:
            return type == SOCK_STREAM
                       ? "another listener or process has it, perhaps on every address; find it "
                         "with ss -ltnp"
                       : "another socket has it, perhaps on every address; find it with ss -lunp";
        case EACCES:
            return "ports below 1024 need CAP_NET_BIND_SERVICE";
        case EADDRNOTAVAIL:
            return "no interface of this machine has that address";
        default:
            return {};
    }
}

}  // namespace protohost::net

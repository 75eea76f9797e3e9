// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daemon/base/descriptor.hpp"
#include "daemon/base/error.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/net/passed_sockets.hpp"
#include "daemon/net/socket_address.hpp"
#include "daemon/net/socket_file.hpp"

namespace protohost::net {

/// A socket that listens: clients queue in the kernel.
struct ListeningSocket {
    std::unique_ptr<SocketFile> file;  ///< of a UNIX path that is ours
    base::Descriptor descriptor;
    SocketAddress local;  ///< with the port that the kernel chose
};

/// One for each address that a name has: it may block on the resolver. Of fd:N, which must listen
/// already, and of each socket of systemd:NAME, which `passed` has, a copy is taken, and nothing of
/// it is ever removed. The errors say which address and why; `where` is put before them.
base::Result<std::vector<ListeningSocket>> open_listening(const model::Address& address,
                                                          const model::SocketSettings& settings,
                                                          const std::string& where,
                                                          PassedSockets* passed = nullptr);

/// Makes a socket listen that is bound and no more, as asyncio's create_server does it with `sock`.
/// What is none stays what it is.
void listen_where_bound(int fd, int backlog);

/// What keeps a descriptor from being served as a connected stream socket, or empty. Makes it
/// non-blocking.
std::string check_stream_socket(int fd);

/// Whether it is a socket of the family AF_UNIX.
bool is_unix(int fd);

}  // namespace protohost::net

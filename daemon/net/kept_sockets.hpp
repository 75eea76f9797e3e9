// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/base/descriptor.hpp"
#include "daemon/base/error.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/net/datagram_socket.hpp"
#include "daemon/net/listening_socket.hpp"
#include "daemon/net/socket_file.hpp"

namespace protohost::net {

/// A socket that a daemon before this one had opened, and that has been kept since.
struct KeptSocket {
    base::Descriptor descriptor;
    FileIdentity file{};  ///< of a UNIX path: the file that bind() had made
};

/// `kept` as the sockets of `address`, whose clients may be waiting in them; nullopt where they are
/// not what open_listening() would open: another address, an option that only bind() can set, a
/// file that was removed or replaced. It may block on the resolver. `where` is put before the
/// errors.
base::Result<std::optional<std::vector<ListeningSocket>>> take_back_listening(
    std::vector<KeptSocket> kept,
    const model::Address& address,
    const model::SocketSettings& settings,
    const std::string& where);

/// The same of one that takes datagrams.
base::Result<std::optional<DatagramSocket>> take_back_datagrams(KeptSocket kept,
                                                                const DatagramEnds& ends,
                                                                const std::string& where);

}  // namespace protohost::net

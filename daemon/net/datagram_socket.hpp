// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/descriptor.hpp"
#include "daemon/base/error.hpp"
#include "daemon/model/address.hpp"
#include "daemon/model/configuration.hpp"
#include "daemon/net/passed_sockets.hpp"
#include "daemon/net/socket_address.hpp"
#include "daemon/net/socket_file.hpp"

namespace protohost::net {

/// An open datagram socket, and who is at its other end.
struct DatagramSocket {
    std::unique_ptr<SocketFile> file;  ///< of a UNIX path that is ours
    base::Descriptor descriptor;
    int family = AF_UNSPEC;
    /// Where what has no address goes; AF_UNSPEC: nowhere.
    SocketAddress remote{};
    /// To the remote, by the kernel: nothing else comes in. Not so with `socket: {broadcast:
    /// true}`, because nobody answers from the address that was sent to.
    bool connected = false;
};

/// What a datagram socket is opened from; at least one of the two addresses.
struct DatagramEnds {
    /// udp, unixgram, or what the daemon was started with, of which a copy is taken.
    /// Absent: `socket.local`, or what the kernel chooses; a UNIX socket then gets an abstract
    /// name, so that it can be answered.
    std::optional<model::Address> local;
    /// udp or unixgram.
    std::optional<model::Address> remote;
    model::SocketSettings socket;
};

/// Of the addresses that a name has, the first that can be had. A name blocks on the resolver: on a
/// loop that serves, numbers only. The errors say which address and why; `where` is put before
/// them. `passed` has what systemd:NAME names.
base::Result<DatagramSocket> open_datagram_socket(const DatagramEnds& ends,
                                                  const std::string& where,
                                                  PassedSockets* passed = nullptr);

/// Both ends of a datagram socket, as far as they are wanted: of the addresses of one end, one will
/// do.
struct DatagramAddresses {
    std::vector<SocketAddress> locals;
    std::vector<SocketAddress> remotes;
};

/// The same from addresses that are known: `settings.local` is not looked at, and nothing blocks.
base::Result<DatagramSocket> open_datagram_socket(const DatagramAddresses& ends,
                                                  const model::SocketSettings& settings,
                                                  const std::string& where);

/// What can be changed about a socket that is open, and has the settings `former`: everything but
/// how it was bound and connected. What the kernel refuses, each in a few words.
std::vector<std::string> retune(const DatagramSocket& socket,
                                const model::SocketSettings& settings,
                                const model::SocketSettings& former);

/// What the protocol is told where the kernel does not send: the cause, and the remedy that there
/// may be.
std::string send_error_text(int os_errno, int family);

/// One that was opened elsewhere, connected or not. Nothing of it is ever removed.
base::Result<DatagramSocket> adopt_datagram_socket(base::Descriptor descriptor,
                                                   const std::string& where);

}  // namespace protohost::net

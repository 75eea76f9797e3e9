// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <sys/socket.h>

#include "daemon/base/error.hpp"
#include "daemon/model/configuration.hpp"

namespace protohost::net {

/// What the kernel says of a socket: SO_TYPE, SO_DOMAIN, ...; -1 where it is none, or knows no such
/// option.
int option_of(int fd, int name, int level = SOL_SOCKET);

/// An option that the kernel refused.
struct RefusedOption {
    std::string key;  ///< "socket.reuse_port"
    int os_errno = 0;
    std::string cause;

    /// "socket.reuse_port: Operation not supported".
    std::string text() const { return key + ": " + cause; }
};

/// At the key in the configuration that it is the fault of; where `settings` does not know its
/// place, at `where`, and with the key in the text.
base::Errors at_its_key(const RefusedOption& refused,
                        const model::SocketSettings& settings,
                        const std::string& where);

/// Where it is written what a socket that connects is bound to; `where`, if `settings` does not
/// know that, as of what a plugin asks for.
std::string place_of_local(const model::SocketSettings& settings, const std::string& where);

/// The settings of a socket that nobody has set anything of.
const model::SocketSettings& untouched();

using OptionsApplied = std::optional<RefusedOption>;

/// To a stream socket of `family`, before it listens or connects: keepalive, nodelay, user_timeout,
/// and the sizes of the kernel's buffers. What is accepted inherits all of it from the listening
/// socket, without a system call. What `former` had set and `settings` do not goes back to what a
/// new socket has. nullopt: all is well.
OptionsApplied apply_stream_options(int fd,
                                    int family,
                                    const model::SocketSettings& settings,
                                    const model::SocketSettings& former = untouched());

/// To a datagram socket, before it is bound: broadcast, and the sizes of the kernel's buffers.
OptionsApplied apply_datagram_options(int fd,
                                      int family,
                                      const model::SocketSettings& settings,
                                      const model::SocketSettings& former = untouched());

/// To a socket of either type that is about to be bound to an address of its own: reuse_port and
/// ipv6_only. The address of a TCP listener that has just gone may be had again at once.
OptionsApplied apply_bind_options(int fd,
                                  int family,
                                  int type,
                                  const model::SocketSettings& settings);

/// Joins the groups of `multicast`, after bind, and leaves those that only `former` names.
OptionsApplied join_multicast(int fd,
                              int family,
                              const model::SocketSettings& settings,
                              const model::SocketSettings& former = untouched());

/// Whether the groups can be joined, found out with a socket that nobody sends to.
base::Errors rehearse_multicast(const model::SocketSettings& settings, const std::string& where);

}  // namespace protohost::net

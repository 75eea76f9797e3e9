// SPDX-License-Identifier: MIT
#include "daemon/net/listening_socket.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <utility>

#include "daemon/net/bind_remedy.hpp"
#include "daemon/net/inherited.hpp"
#include "daemon/net/socket_options.hpp"

namespace protohost::net {

namespace {

using Kind = model::Address::Kind;

base::Errors cannot_listen(const std::string& where, const SocketAddress& address, int os_errno) {
    const bool ip = address.family() != AF_UNIX;
    return base::failure(where,
                         "cannot listen on " + address.uri() + ": " + std::strerror(os_errno),
                         ip ? bind_remedy(os_errno, SOCK_STREAM) : "",
                         os_errno);
}

/// Bound, and not listening yet.
base::Result<base::Descriptor> bind_stream(const SocketAddress& address,
                                           const model::SocketSettings& settings,
                                           const std::string& where) {
    base::Descriptor socket(
        ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket) return cannot_listen(where, address, errno);
    auto refused = apply_bind_options(socket.get(), address.family(), SOCK_STREAM, settings);
    if (!refused) refused = apply_stream_options(socket.get(), address.family(), settings);
    if (refused) return at_its_key(*refused, settings, where);
    if (::bind(socket.get(), address.data(), address.size()) != 0) {
        return cannot_listen(where, address, errno);
    }
    return socket;
}

base::Result<ListeningSocket> open_at(const SocketAddress& address,
                                      const model::SocketSettings& settings,
                                      const std::string& where) {
    ListeningSocket opened;
    if (const std::string path = address.path(); !path.empty()) {
        auto file = SocketFile::claim(path, SOCK_STREAM, where);
        if (!file) return file.error();
        opened.file = std::move(*file);
    }
    auto socket = bind_stream(address, settings, where);
    if (!socket) return socket.error();
    opened.descriptor = std::move(*socket);
    // Before it listens, connecting to it is refused: nobody slips in before the mode is right.
    if (opened.file != nullptr) {
        if (auto errors = opened.file->bound(settings, where); !errors.empty()) return errors;
    }
    if (::listen(opened.descriptor.get(), settings.backlog) != 0) {
        return cannot_listen(where, address, errno);
    }
    opened.local = SocketAddress::local_of(opened.descriptor.get());
    return opened;
}

/// What listens already, whoever has opened it.
base::Result<ListeningSocket> adopt(base::Descriptor copy,
                                    const model::SocketSettings& settings,
                                    const std::string& where) {
    ListeningSocket opened;
    const int fd = copy.get();
    opened.descriptor = std::move(copy);
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    opened.local = SocketAddress::local_of(fd);
    const auto refused = apply_stream_options(fd, opened.local.family(), settings);
    if (refused) return at_its_key(*refused, settings, where);
    return opened;
}

base::Result<std::vector<base::Descriptor>> copies_of(const model::Address& address,
                                                      PassedSockets* passed,
                                                      const std::string& where) {
    if (address.kind == Kind::systemd) {
        PassedSockets none;
        return (passed != nullptr ? *passed : none).listening(address.path, where);
    }
    const int fd = address.descriptor;
    std::vector<base::Descriptor> copies;
    auto copy = copy_inherited(fd, where);
    if (!copy) return copy.error();
    if (option_of(fd, SO_TYPE) != SOCK_STREAM || option_of(fd, SO_ACCEPTCONN) != 1) {
        return base::failure(where,
                             "descriptor " + std::to_string(fd) + " is no listening stream socket");
    }
    copies.push_back(std::move(*copy));
    return copies;
}

base::Result<std::vector<SocketAddress>> addresses_of(const model::Address& address) {
    if (address.kind == Kind::tcp) return resolve(address);
    auto at = SocketAddress::of_unix(address);
    if (!at) return at.error();
    return std::vector<SocketAddress>{*at};
}

}  // namespace

base::Result<std::vector<ListeningSocket>> open_listening(const model::Address& address,
                                                          const model::SocketSettings& settings,
                                                          const std::string& where,
                                                          PassedSockets* passed) {
    std::vector<ListeningSocket> sockets;
    if (model::is_passed(address)) {
        auto copies = copies_of(address, passed, where);
        if (!copies) return copies.error();
        for (base::Descriptor& copy : *copies) {
            auto adopted = adopt(std::move(copy), settings, where);
            if (!adopted) return adopted.error();
            sockets.push_back(std::move(*adopted));
        }
        return sockets;
    }
    const auto addresses = addresses_of(address);
    if (!addresses) {
        base::Errors errors = addresses.error();
        for (auto& error : errors) error.where = where;
        return errors;
    }
    for (const SocketAddress& candidate : *addresses) {
        auto opened = open_at(candidate, settings, where);
        if (!opened) return opened.error();
        sockets.push_back(std::move(*opened));
    }
    return sockets;
}

void listen_where_bound(int fd, int backlog) {
    const SocketAddress local = SocketAddress::local_of(fd);
    const bool bound = local.family() == AF_UNIX ? !local.text().empty() : local.port() != 0;
    if (bound && option_of(fd, SO_ACCEPTCONN) == 0) ::listen(fd, backlog);
}

std::string check_stream_socket(int fd) {
    if (option_of(fd, SO_TYPE) != SOCK_STREAM) return "the descriptor is no stream socket";
    if (option_of(fd, SO_ACCEPTCONN) == 1) return "the descriptor is a listening socket";
    if (SocketAddress::peer_of(fd).family() == AF_UNSPEC) return "the descriptor is not connected";
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    return {};
}

bool is_unix(int fd) {
    return option_of(fd, SO_DOMAIN) == AF_UNIX;
}

}  // namespace protohost::net

// SPDX-License-Identifier: MIT
#include "daemon/net/handed_over_socket.hpp"

#include <fcntl.h>
#include <string>
#include <sys/socket.h>
#include <utility>

#include "daemon/net/inherited.hpp"
#include "daemon/net/pipe.hpp"
#include "daemon/net/socket_options.hpp"

namespace protohost::net {

namespace {

bool is_stream(int fd) {
    int type = -1;
    socklen_t size = sizeof type;
    return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

}  // namespace

base::Result<ConnectedSocket> take_connection(int fd, const model::SocketSettings& settings) {
    auto copy = copy_inherited(fd, {});
    if (!copy) return copy.error();
    ConnectedSocket taken{{}, std::move(*copy), SocketAddress::peer_of(fd)};
    if (!is_stream(fd) || taken.peer.family() == AF_UNSPEC) {
        return base::failure(
            {},
            "descriptor " + std::to_string(fd) + " is no connected stream socket",
            "one that has been used is used up; the daemon must be started with another");
    }
    if (const auto refused = apply_stream_options(fd, taken.peer.family(), settings)) {
        return at_its_key(*refused, settings, {});
    }
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    let_go(fd, PipeEnd::read);
    return taken;
}

}  // namespace protohost::net

// SPDX-License-Identifier: MIT
#include "daemon/net/handed_over_socket.hpp"

#include <string>
#include <utility>

#include "daemon/net/inherited.hpp"
#include "daemon/net/listening_socket.hpp"
#include "daemon/net/pipe.hpp"
#include "daemon/net/socket_options.hpp"

namespace protohost::net {

base::Result<ConnectedSocket> take_connection(int fd, const model::SocketSettings& settings) {
    auto copy = copy_inherited(fd, {});
    if (!copy) return copy.error();
    ConnectedSocket taken{{}, std::move(*copy), SocketAddress::peer_of(fd)};
    if (!check_stream_socket(taken.descriptor.get()).empty()) {
        return base::failure(
            {},
            "descriptor " + std::to_string(fd) + " is no connected stream socket",
            "one that has been used is used up; the daemon must be started with another");
    }
    if (const auto refused = apply_stream_options(fd, taken.peer.family(), settings)) {
        return at_its_key(*refused, settings, {});
    }
    let_go(fd, PipeEnd::read);
    return taken;
}

}  // namespace protohost::net

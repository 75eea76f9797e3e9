// SPDX-License-Identifier: MIT
#include "daemon/net/datagram.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/socket.h>

namespace protohost::net {

namespace {

constexpr int flags = MSG_NOSIGNAL | MSG_DONTWAIT;

void fill(msghdr& message, iovec& piece, const Datagram& datagram) {
    // Neither has a const form; sendmsg only reads.
    piece = {const_cast<std::byte*>(datagram.data), datagram.size};
    message = {};
    message.msg_name = const_cast<void*>(datagram.address.sa);
    message.msg_namelen = datagram.address.len;
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
}

/// How many were sent, at least one; or -1.
int send_some(int fd, std::span<const Datagram> datagrams) {
    std::array<mmsghdr, datagrams_per_call> messages;
    std::array<iovec, datagrams_per_call> pieces;
    const std::size_t count = std::min(datagrams.size(), messages.size());
    for (std::size_t i = 0; i < count; ++i) fill(messages[i].msg_hdr, pieces[i], datagrams[i]);
    // The common case, and the cheaper call.
    if (count == 1) return ::sendmsg(fd, &messages[0].msg_hdr, flags) < 0 ? -1 : 1;
    return ::sendmmsg(fd, messages.data(), static_cast<unsigned>(count), flags);
}

}  // namespace

DatagramsSent send_datagrams(int fd, std::span<const Datagram> datagrams) {
    DatagramsSent sent;
    while (sent.count < datagrams.size()) {
        const int some = send_some(fd, datagrams.subspan(sent.count));
        if (some < 0) {
            sent.os_errno = errno == EINTR ? EAGAIN : errno;
            break;
        }
        sent.count += static_cast<std::size_t>(some);
    }
    return sent;
}

}  // namespace protohost::net

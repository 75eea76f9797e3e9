// SPDX-License-Identifier: MIT
#include "daemon/net/tls_socket.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <sys/socket.h>

#include <openssl/bio.h>

namespace protohost::net {

/// What OpenSSL calls. errno is what it reports as SSL_ERROR_SYSCALL.
struct TlsSocket::Method {
    static TlsSocket& of(BIO* bio) { return *static_cast<TlsSocket*>(BIO_get_data(bio)); }

    static bool would_block() { return errno == EAGAIN || errno == EINTR; }

    static int read(BIO* bio, char* data, std::size_t size, std::size_t* got) {
        TlsSocket& socket = of(bio);
        BIO_clear_retry_flags(bio);
        socket.ended_ = false;
        if (socket.before_ != nullptr && !socket.before_->empty()) {
            ReceivedBefore& before = *socket.before_;
            *got = std::min(size, before.bytes.size() - before.taken);
            std::memcpy(data, before.bytes.data() + before.taken, *got);
            before.taken += *got;
            return 1;
        }
        if (socket.gathered_ > 0 || socket.reads_left_ == 0) {
            BIO_set_retry_read(bio);
            return 0;
        }
        --socket.reads_left_;
        const ssize_t received = ::recv(socket.socket_, data, size, 0);
        if (received > 0) {
            *got = static_cast<std::size_t>(received);
            return 1;
        }
        socket.ended_ = received == 0;
        if (received < 0 && would_block()) BIO_set_retry_read(bio);
        return 0;
    }

    static int write(BIO* bio, const char* data, std::size_t size, std::size_t* taken) {
        BIO_clear_retry_flags(bio);
        TlsSocket& socket = of(bio);
        if (socket.gathering_) {
            if (size > socket.room_.size() - socket.gathered_ && !socket.send_what_is_gathered()) {
                if (would_block()) BIO_set_retry_write(bio);
                return 0;
            }
            if (size <= socket.room_.size() - socket.gathered_) {
                std::memcpy(socket.room_.data() + socket.gathered_, data, size);
                socket.gathered_ += size;
                *taken = size;
                return 1;
            }
        }
        const int flags = MSG_NOSIGNAL | (socket.closes_ ? MSG_MORE : 0);
        const ssize_t sent = ::send(socket.socket_, data, size, flags);
        if (sent >= 0) {
            *taken = static_cast<std::size_t>(sent);
            return 1;
        }
        if (would_block()) BIO_set_retry_write(bio);
        // Not 0: of a close_notify that has waited before, that would pass for sent.
        return -1;
    }

    static long control(BIO* bio, int command, long, void*) {
        if (command == BIO_CTRL_EOF) return of(bio).ended_ ? 1 : 0;
        return command == BIO_CTRL_FLUSH ? 1 : 0;
    }

    static BIO_METHOD* make() {
        BIO_METHOD* const method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "socket of a session");
        if (method == nullptr) throw std::bad_alloc();
        BIO_meth_set_read_ex(method, read);
        BIO_meth_set_write_ex(method, write);
        BIO_meth_set_ctrl(method, control);
        return method;
    }
};

TlsSocket::TlsSocket()
    : method_(Method::make(), BIO_meth_free), bio_(BIO_new(method_.get()), BIO_free) {
    if (bio_ == nullptr) throw std::bad_alloc();
    BIO_set_data(bio_.get(), this);
    BIO_set_init(bio_.get(), 1);
}

int send_some(int socket, std::string& bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0) return errno == EAGAIN || errno == EINTR ? 0 : errno;
        bytes.erase(0, static_cast<std::size_t>(sent));
    }
    return 0;
}

void TlsSocket::gather() {
    gathering_ = true;
    gathered_ = 0;
}

int TlsSocket::send_gathered(std::string& rest) {
    gathering_ = false;
    if (send_what_is_gathered()) return 0;
    const int error = Method::would_block() ? 0 : errno;
    if (error == 0) rest.assign(room_.data(), gathered_);
    gathered_ = 0;
    return error;
}

/// False: something is left, or, as errno says, the connection is broken.
bool TlsSocket::send_what_is_gathered() {
    std::size_t sent = 0;
    while (sent < gathered_) {
        const ssize_t taken = ::send(socket_, room_.data() + sent, gathered_ - sent, MSG_NOSIGNAL);
        if (taken < 0) break;
        sent += static_cast<std::size_t>(taken);
    }
    std::memmove(room_.data(), room_.data() + sent, gathered_ - sent);
    gathered_ -= sent;
    return gathered_ == 0;
}

void discard_received(int socket) {
    constexpr std::size_t at_once = 1 << 20;
    // MSG_TRUNC: of a TCP socket nothing is copied; others copy into what is there.
    std::array<std::byte, 4096> ignored;
    int domain = 0;
    socklen_t size = sizeof domain;
    ::getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &size);
    const bool drops = domain == AF_INET || domain == AF_INET6;
    for (int i = 0; i < 16; ++i) {
        const ssize_t got = drops ? ::recv(socket, nullptr, at_once, MSG_TRUNC | MSG_DONTWAIT)
                                  : ::recv(socket, ignored.data(), ignored.size(), MSG_DONTWAIT);
        if (got <= 0) return;
    }
}

BIO* TlsSocket::share() {
    BIO_up_ref(bio_.get());
    return bio_.get();
}

}  // namespace protohost::net

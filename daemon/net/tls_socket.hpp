// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <string>

struct bio_method_st;
struct bio_st;

namespace protohost::net {

/// Bytes that were received before TLS began, and belong to it.
struct ReceivedBefore {
    std::string bytes;
    std::size_t taken = 0;

    bool empty() const { return taken == bytes.size(); }
};

/// Drops what has arrived on a socket that is about to be closed. Closed with something unread, the
/// kernel would answer with a reset, which takes from the peer what was sent to it last. Bounded.
void discard_received(int socket);

/// What OpenSSL reads and writes, for all TLS sessions of a loop: one BIO, which stands for the
/// socket that was chosen last. A BIO for each connection would cost more memory than all else that
/// a connection has of ours. It outlives the sessions. [loop]
class TlsSocket {
public:
    TlsSocket();
    ~TlsSocket() = default;
    TlsSocket(const TlsSocket&) = delete;
    TlsSocket& operator=(const TlsSocket&) = delete;

    /// Before every call of OpenSSL that may read or write. `before` is read first; nullptr: there
    /// is nothing.
    void choose(int socket, ReceivedBefore* before) {
        socket_ = socket;
        before_ = before;
    }

    /// One more share of it, the caller's to give back.
    bio_st* share();

private:
    struct Method;

    int socket_ = -1;
    bool ended_ = false;  ///< the last read found the end of the stream
    ReceivedBefore* before_ = nullptr;
    std::unique_ptr<bio_method_st, void (*)(bio_method_st*)> method_;
    std::unique_ptr<bio_st, int (*)(bio_st*)> bio_;
};

}  // namespace protohost::net

// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>

#include "daemon/net/tls_memory.hpp"

struct bio_method_st;
struct bio_st;

namespace protohost::net {

/// Bytes that were received before TLS began, and belong to it.
struct ReceivedBefore {
    std::string bytes;
    std::size_t taken = 0;

    bool empty() const { return taken == bytes.size(); }
};

/// Sends `bytes` as far as `socket` takes them, and takes those away. errno; 0 also where some are
/// left.
int send_some(int socket, std::string& bytes);

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
        reads_left_ = reads_at_once;
    }

    /// From here on what is written is put together, and nothing is read behind it, because nobody
    /// answers what he has not seen: a flight of a handshake, or the tickets at its end, are one
    /// call of the kernel then, and one segment.
    void gather();
    /// Sends that, and ends the gathering. What the socket does not take is put into `rest`, and is
    /// the first that must be sent. errno; 0 also where something is left.
    int send_gathered(std::string& rest);

    /// Whether the socket is closed as soon as the next call has written: then the kernel sends
    /// what that writes and the end of the stream as one segment.
    void closes_next(bool closes) { closes_ = closes; }

    /// One more share of it, the caller's to give back.
    bio_st* share();

private:
    struct Method;

    /// A peer that goes on saying what is no data, new keys for example, would have the loop for
    /// itself, as OpenSSL reads until there is some. After so many times 16 KB the rest stays with
    /// the kernel until the next turn.
    static constexpr int reads_at_once = 4;

    bool send_what_is_gathered();

    TlsMemory memory_;
    int socket_ = -1;
    int reads_left_ = 0;
    bool ended_ = false;  ///< the last read found the end of the stream
    bool closes_ = false;
    bool gathering_ = false;
    std::size_t gathered_ = 0;  ///< bytes of room_
    std::array<char, 16384> room_;
    ReceivedBefore* before_ = nullptr;
    std::unique_ptr<bio_method_st, void (*)(bio_method_st*)> method_;
    std::unique_ptr<bio_st, int (*)(bio_st*)> bio_;
};

}  // namespace protohost::net

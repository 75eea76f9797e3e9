// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/uio.h>

#include "daemon/net/tls_context.hpp"
#include "daemon/net/tls_failure.hpp"
#include "daemon/net/tls_socket.hpp"

struct ssl_st;

namespace protohost::net {

class TlsResumption;

/// How TLS begins.
struct TlsStart {
    std::shared_ptr<const TlsContext> context;
    /// Bytes of the peer that were received before, and belong to TLS.
    std::string received = {};
    /// Of a client: whom it wants to reach, where that is not what the context says.
    std::string server_name = {};
    /// For the handshake; 0: what the context says.
    std::chrono::nanoseconds timeout{0};
};

/// TLS over one connected stream socket that is non-blocking: OpenSSL's object for it, and nothing
/// that would have to be kept beside that. It neither waits for the socket nor owns it. [loop]
///
///     handshake --> data <--> read, write --> send_close_notify
class TlsSession {
public:
    enum class Step : std::uint8_t { done, wants_read, wants_write, failed };

    /// `socket` is open as long as this lives.
    TlsSession(TlsSocket& sockets, int socket, TlsStart start);
    ~TlsSession();
    TlsSession(const TlsSession&) = delete;
    TlsSession& operator=(const TlsSession&) = delete;

    const TlsContext& context() const { return *context_; }

    /// Goes on with the handshake, in the context's role.
    Step handshake();

    /// What read() and write() answer where they have no bytes.
    enum class Result : std::uint8_t {
        bytes,
        would_block,  ///< when the socket is ready
        ended,        ///< the peer's close_notify
        failed        ///< failure(); the session is of no use any more
    };
    /// All complete records that have arrived, as far as they fit. What it finds behind bytes is
    /// told by the next call.
    Result read(std::span<std::byte> room, std::size_t& size);
    /// Whether read() has something without the socket becoming readable.
    bool has_pending() const;
    /// Whether read() goes on when the socket takes more: OpenSSL has half sent a message of its
    /// own, as new keys are, and reads nothing before it has sent the rest.
    bool reads_behind_write() const { return reads_behind_write_; }
    /// Whether write() goes on when more has arrived: of a message to OpenSSL itself, as a ticket
    /// is, only a part is here. Ended by read() and write(), which then know better.
    bool writes_behind_read() const { return writes_behind_read_; }

    /// Sends `pieces` in as few records as possible, until the socket takes no more, and a megabyte
    /// at most. What was not taken must come first in the next call: it may have been encrypted
    /// already.
    Result write(std::span<const iovec> pieces, std::size_t& taken);
    /// How many of the bytes that were not taken cannot be taken back any more.
    std::size_t committed() const { return committed_; }

    /// False: when the socket takes more, again. Nothing is written after it. True is no promise
    /// that the peer can be told: has_failed() knows whether the socket said that it cannot.
    /// `closes`: the socket is closed next.
    bool send_close_notify(bool closes);

    bool has_failed() const { return failure_ != nullptr; }
    /// Of a session that has.
    const TlsFailure& failure() const { return *failure_; }

    /// TLS 1.3 ends one direction at a time.
    bool half_closes() const;

    // What there is to know about it, once the handshake is done.

    std::string_view version() const;  ///< "TLSv1.3"
    std::string_view cipher() const;   ///< "TLS_AES_256_GCM_SHA384"
    int cipher_bits() const;
    std::string_view alpn() const;         ///< what was agreed on; empty: nothing
    std::string_view server_name() const;  ///< what the client has asked for; empty: nothing
    bool reused() const;                   ///< an earlier session was resumed
    std::string peer_subject() const;      ///< "CN=client,O=Example"; empty: no certificate
    std::string peer_certificate() const;  ///< DER; empty: none
    /// The same by the names of get_extra_info, as text; empty: there is none. nullopt: no such
    /// name.
    std::optional<std::string> describe(std::string_view name) const;
    /// RFC 5705. False: OpenSSL refuses.
    bool export_keying_material(std::string_view label,
                                std::span<const std::byte> context,
                                std::span<std::byte> out) const;

private:
    struct Free {
        void operator()(ssl_st* ssl) const;
    };

    void choose_socket() const { sockets_.choose(socket_, before_.get()); }
    Result fail(int error);
    /// Whether what could not be sent is only what comes at the end of a handshake: a client of TLS
    /// 1.3 may have said all, and left before it had its tickets.
    bool may_be_lost(int os_errno) const;
    Step fail_os(int os_errno);
    Step finish_step(int error);
    void verify_name(const std::string& name);
    void resume(const std::string& name);
    Result write_record(const void* data, std::size_t size);

    TlsSocket& sockets_;
    std::shared_ptr<const TlsContext> context_;
    std::unique_ptr<ReceivedBefore> before_;
    std::unique_ptr<ssl_st, Free> ssl_;
    std::unique_ptr<TlsResumption> resumption_;  ///< of a client
    std::unique_ptr<TlsFailure> failure_;
    std::unique_ptr<std::string> unsent_;  ///< of a handshake: what the socket did not take
    int socket_;
    std::uint16_t committed_ = 0;
    bool dry_ = true;  ///< what has arrived is no whole record
    bool reads_behind_write_ = false;
    bool writes_behind_read_ = false;
    bool ended_ = false;  ///< the peer's close_notify has come
};

}  // namespace protohost::net

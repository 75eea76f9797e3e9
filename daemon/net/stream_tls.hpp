// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <sys/uio.h>

#include "daemon/net/stream_transport.hpp"
#include "daemon/net/timer.hpp"
#include "daemon/net/tls_handshake.hpp"
#include "daemon/net/tls_session.hpp"

namespace protohost::net {

/// What a stream transport has in addition where it speaks TLS, or is about to.
class StreamTransport::Tls final : private TlsHandshakeOwner {
public:
    /// After a handshake.
    Tls(StreamTransport& transport, std::unique_ptr<TlsSession> session)
        : transport_(transport), watched_(transport.interest_), session_(std::move(session)) {}
    /// Before one. `plain` bytes of the queue come before it.
    Tls(StreamTransport& transport, TlsStart&& start, TlsStarted&& done, std::size_t plain);

    TlsSession* session() const { return session_.get(); }

    /// Bytes taken, or below zero: lose_for_failure().
    ssize_t send(std::span<const iovec> pieces);
    void lose_for_failure();
    /// Sees to it that the set watches what the transport needs where it wants this: the session
    /// may read only when it can write, or write only when it can read. Schedules on_readable()
    /// where it has something that the kernel no longer knows of.
    void watch(std::uint32_t wanted);
    /// What of that has come with `events`.
    std::uint32_t meant_by(std::uint32_t events) const;
    /// Ends the transport where the peer does not answer close_notify.
    void linger();

    // As long as it is about to start.

    std::size_t plain_left() const { return start_->plain_left; }
    /// Of `pieces`, those that were written before.
    std::span<iovec> before_start(std::span<iovec> pieces) const;
    void sent_before_start(std::size_t size);
    void give_context(std::shared_ptr<const TlsContext> context);
    /// Whoever waits for the start is not told any more. False: nobody does.
    bool forget_start();
    /// Tells whoever waits for it, because the connection has ended.
    void abandon_start();

    /// The connection is lost: waits for nothing any more.
    void stop();

private:
    struct Start {
        TlsStart what;
        TlsStarted done;
        std::size_t plain_left;
        std::unique_ptr<TlsHandshake> handshake;
    };

    std::uint32_t watched_for(std::uint32_t wanted);
    /// Where nothing is to come before it any more, and its context is there.
    void begin_handshake();
    void handshaken(TlsHandshake& handshake, std::unique_ptr<TlsSession> session) override;
    void handshake_failed(TlsHandshake& handshake, const TlsFailure& failure) override;

    StreamTransport& transport_;
    std::uint32_t watched_;  ///< what the epoll set believes
    std::unique_ptr<TlsSession> session_;
    std::unique_ptr<Start> start_;
    std::unique_ptr<Timer> patience_;
};

}  // namespace protohost::net

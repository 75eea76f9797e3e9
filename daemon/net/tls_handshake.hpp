// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "daemon/net/epoll_set.hpp"
#include "daemon/net/loop.hpp"
#include "daemon/net/timer.hpp"
#include "daemon/net/tls_context.hpp"
#include "daemon/net/tls_failure.hpp"
#include "daemon/net/tls_session.hpp"

namespace protohost::net {

class TlsHandshake;

/// Who waits for a handshake. One of the two is called, once, on the loop, never from inside
/// start(); it retires the handshake.
class TlsHandshakeOwner {
public:
    virtual void handshaken(TlsHandshake& handshake, std::unique_ptr<TlsSession> session) = 0;
    virtual void handshake_failed(TlsHandshake& handshake, const TlsFailure& failure) = 0;

protected:
    ~TlsHandshakeOwner() = default;
};

/// Brings a connected socket to TLS, in the role of its context. Until the peer says something, a
/// server's costs no more than this object.
///
/// stop() ends it at any moment, and nobody is told. An event of the running batch may still name
/// it, so it is retired and not destroyed.
class TlsHandshake final : public EventSink, private Task {
public:
    /// `socket` stays the caller's, is in no set, and is open until the owner is told.
    TlsHandshake(Loop& loop, int socket, TlsStart start, TlsHandshakeOwner& owner);
    ~TlsHandshake() override { stop(); }

    void start();
    void stop();

private:
    void on_events(std::uint32_t events) override;
    void run() override { proceed(); }

    void proceed();
    void wait_for(std::uint32_t events);
    void fail(const TlsFailure& failure);
    void expired();

    Loop& loop_;
    int socket_;
    TlsStart start_;
    TlsHandshakeOwner& owner_;
    Timer deadline_;
    std::unique_ptr<TlsSession> session_;
    std::uint32_t interest_ = 0;
};

}  // namespace protohost::net

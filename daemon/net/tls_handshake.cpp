// SPDX-License-Identifier: MIT
#include "daemon/net/tls_handshake.hpp"

#include <utility>

#include "daemon/model/quantity.hpp"

namespace protohost::net {

namespace {

TlsFailure of_a_handshake(TlsFailure failure) {
    if (failure.reason == TlsReason::ended) failure.text = "the peer left during the handshake";
    return failure;
}

}  // namespace

TlsHandshake::TlsHandshake(Loop& loop, int socket, TlsStart start, TlsHandshakeOwner& owner)
    : loop_(loop), socket_(socket), start_(std::move(start)), owner_(owner), deadline_(loop) {
    if (start_.timeout.count() == 0) start_.timeout = start_.context->handshake_timeout();
}

void TlsHandshake::start() {
    deadline_.start(start_.timeout, [this] { expired(); });
    const bool peer_begins =
        start_.context->role() == TlsContext::Role::server && start_.received.empty();
    if (peer_begins && loop_.set().change(socket_, 0, EPOLLIN, *this) == 0) {
        interest_ = EPOLLIN;
    } else {
        loop_.call_soon(*this);
    }
}

void TlsHandshake::stop() {
    deadline_.cancel();
    Task::unlink();
    wait_for(0);
}

void TlsHandshake::wait_for(std::uint32_t events) {
    const int error = loop_.set().change(socket_, interest_, events, *this);
    if (error == 0 || events == 0) {
        interest_ = events;
    } else {
        fail(TlsFailure::os(error));
    }
}

void TlsHandshake::on_events(std::uint32_t) {
    if (interest_ != 0) proceed();
}

void TlsHandshake::proceed() {
    if (session_ == nullptr) {
        session_ = std::make_unique<TlsSession>(loop_.tls_socket(), socket_, std::move(start_));
    }
    switch (session_->handshake()) {
        case TlsSession::Step::done:
            stop();
            return owner_.handshaken(*this, std::move(session_));
        case TlsSession::Step::wants_read:
            return wait_for(EPOLLIN);
        case TlsSession::Step::wants_write:
            return wait_for(EPOLLOUT);
        case TlsSession::Step::failed:
            return fail(of_a_handshake(session_->failure()));
    }
}

void TlsHandshake::fail(const TlsFailure& failure) {
    stop();
    owner_.handshake_failed(*this, failure);
}

void TlsHandshake::expired() {
    fail({TlsReason::timeout,
          PH_E_TIMEOUT,
          0,
          "the peer did not finish the TLS handshake within " +
              model::format_duration(start_.timeout) + " (tls.handshake_timeout)"});
}

}  // namespace protohost::net

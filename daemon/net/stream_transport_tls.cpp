// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "daemon/model/quantity.hpp"
#include "daemon/net/stream_tls.hpp"

// What a stream transport does otherwise where it speaks TLS.

namespace protohost::net {

void StreamTransport::secure(std::unique_ptr<TlsSession> session) {
    tls_ = std::make_unique<Tls>(*this, std::move(session));
}

const TlsSession* StreamTransport::tls() const {
    return tls_ != nullptr ? tls_->session() : nullptr;
}

bool StreamTransport::can_write_eof() const {
    if (tls_ == nullptr) return writes();
    return tls() != nullptr && tls()->half_closes();
}

ssize_t StreamTransport::receive_secured(void* data, std::size_t size) {
    std::size_t got = 0;
    switch (tls_->session()->read({static_cast<std::byte*>(data), size}, got)) {
        case TlsSession::Result::bytes:
            return static_cast<ssize_t>(got);
        case TlsSession::Result::ended:
            return 0;
        case TlsSession::Result::failed:
            tls_->lose_for_failure();
            break;
        case TlsSession::Result::would_block:
            break;
    }
    errno = EAGAIN;
    return -1;
}

bool StreamTransport::notify_peer(bool closes) {
    if (!eof_sent_) {
        eof_sent_ = tls_->session()->send_close_notify(closes);
        notify_waits_ = !eof_sent_;
        sync_interest();
    }
    return eof_sent_;
}

void StreamTransport::end_in_order() {
    if (tls() == nullptr) return lose(nullptr);
    using enum TlsClose::Policy;
    const TlsClose policy = tls()->context().close();
    const bool lingers = policy.policy == wait && !eof_received_;
    if (policy.policy != abort && !notify_peer(!lingers)) return;
    if (lingers) return tls_->linger();
    lose(nullptr);
}

void StreamTransport::await_peer_notify() {
    const auto buffer = loop_.read_buffer();
    std::size_t dropped = 0;
    switch (tls_->session()->read(buffer, dropped)) {
        case TlsSession::Result::bytes:
        case TlsSession::Result::would_block:
            return;
        case TlsSession::Result::ended:
        case TlsSession::Result::failed:
            // It only closes its socket, or resets it: all was said before.
            return lose(nullptr);
    }
}

ph_status StreamTransport::get_tls_info(std::string_view name, ph_info& info) {
    if (tls() == nullptr) return PH_E_UNSUPPORTED;
    auto found = tls()->describe(name);
    if (!found) return PH_E_UNSUPPORTED;
    if (found->empty()) return PH_OK;
    std::string& text = loop_.info_scratch().text;
    text = std::move(*found);
    info.kind = PH_INFO_TEXT;
    info.text = {text.data(), text.size()};
    if (name == "sslcontext") {
        info.number = static_cast<std::int64_t>(tls()->context().generation());
    }
    return PH_OK;
}

void StreamTransport::close_descriptor() {
    // What the peer is still told must not be lost to a reset. Behind its own end nothing comes.
    if (tls_ != nullptr && eof_sent_ && !eof_received_) discard_received(socket_.get());
    socket_.close();
}

ph_status StreamTransport::start_tls(TlsStart&& start, TlsStarted&& done) {
    if (channel_ != Channel::socket) return PH_E_UNSUPPORTED;
    if (closing_ || eof_received_) return PH_E_CLOSED;
    if (eof_requested_) return PH_E_EOF_WRITTEN;
    if (sendfile_ != nullptr || starting_tls_) return PH_E_BUSY;
    if (tls_ != nullptr) return PH_E_UNSUPPORTED;
    flush_gathered();
    if (lost_) return PH_E_CLOSED;
    starting_tls_ = true;
    tls_ = std::make_unique<Tls>(*this, std::move(start), std::move(done), queue_.size());
    // Out of the set, where the handshake takes its place.
    sync_interest();
    tls_->sent_before_start(0);
    return PH_OK;
}

void StreamTransport::give_tls_context(std::shared_ptr<const TlsContext> context) {
    if (starting_tls_) tls_->give_context(std::move(context));
}

void StreamTransport::cancel_start_tls() {
    if (tls_ != nullptr && tls_->forget_start()) lose(nullptr);
}

StreamTransport::Tls::Tls(StreamTransport& transport,
                          TlsStart&& start,
                          TlsStarted&& done,
                          std::size_t plain)
    : transport_(transport),
      watched_(transport.interest_),
      start_(std::make_unique<Start>(Start{std::move(start), std::move(done), plain, nullptr})) {}

ssize_t StreamTransport::Tls::send(std::span<const iovec> pieces) {
    std::size_t taken = 0;
    const TlsSession::Result result = session_->write(pieces, taken);
    return result == TlsSession::Result::failed ? -1 : static_cast<ssize_t>(taken);
}

void StreamTransport::Tls::lose_for_failure() {
    const TlsFailure& failure = session_->failure();
    transport_.lose(std::make_unique<Loss>(Loss{failure.code, failure.os_errno, failure.text}));
}

void StreamTransport::Tls::watch(std::uint32_t wanted) {
    const std::uint32_t after = watched_for(wanted);
    const std::uint32_t before = std::exchange(watched_, after);
    if (before != after || wanted != transport_.interest_) {
        transport_.change_interest(wanted, before, after);
    }
}

std::uint32_t StreamTransport::Tls::watched_for(std::uint32_t wanted) {
    if (session_ == nullptr) return wanted;
    const bool reads = (wanted & EPOLLIN) != 0;
    if (reads && session_->reads_behind_write()) return EPOLLOUT;
    const bool scheduled = transport_.Task::is_linked();
    if (reads && session_->has_pending() && !scheduled) {
        transport_.loop_.call_as_ready(transport_);
    }
    const bool writes = (wanted & EPOLLOUT) != 0;
    return writes && session_->writes_behind_read() ? EPOLLIN : wanted;
}

std::uint32_t StreamTransport::Tls::meant_by(std::uint32_t events) const {
    if (session_ == nullptr) return events;
    const std::uint32_t both = EPOLLIN | EPOLLOUT;
    if (session_->reads_behind_write() && (events & EPOLLOUT) != 0) return events | both;
    if (session_->writes_behind_read() && (events & EPOLLIN) != 0) return events | both;
    return events;
}

void StreamTransport::Tls::linger() {
    if (patience_ != nullptr) return;
    const auto time = session_->context().close().wait;
    patience_ = std::make_unique<Timer>(transport_.loop_);
    patience_->start(time, [this, time] {
        transport_.timed_out("the peer did not answer close_notify within " +
                             model::format_duration(time) + " (tls.close)");
    });
    transport_.lingering_ = true;
    transport_.sync_interest();
}

std::span<iovec> StreamTransport::Tls::before_start(std::span<iovec> pieces) const {
    std::size_t left = start_->plain_left;
    std::size_t count = 0;
    while (count < pieces.size() && left > 0) {
        iovec& piece = pieces[count++];
        piece.iov_len = std::min(piece.iov_len, left);
        left -= piece.iov_len;
    }
    return pieces.first(count);
}

void StreamTransport::Tls::sent_before_start(std::size_t size) {
    start_->plain_left -= size;
    begin_handshake();
}

void StreamTransport::Tls::give_context(std::shared_ptr<const TlsContext> context) {
    start_->what.context = std::move(context);
    begin_handshake();
}

void StreamTransport::Tls::begin_handshake() {
    if (start_->plain_left != 0 || start_->what.context == nullptr) return;
    TlsHandshakeOwner& owner = *this;
    Loop& loop = transport_.loop_;
    // Whoever is in the set for this socket is the handshake from now on.
    const bool dispatching = transport_.dispatching_;
    transport_.dispatching_ = false;
    transport_.sync_interest();
    transport_.dispatching_ = dispatching;
    start_->handshake = std::make_unique<TlsHandshake>(
        loop, transport_.socket_.get(), std::move(start_->what), owner);
    start_->handshake->start();
}

void StreamTransport::Tls::handshaken(TlsHandshake&, std::unique_ptr<TlsSession> session) {
    session_ = std::move(session);
    const auto ended = std::move(start_);
    transport_.loop_.retire(std::move(ended->handshake));
    transport_.starting_tls_ = false;
    // What was written meanwhile goes out now, and what has arrived is read.
    transport_.sync_interest();
    if (ended->done) ended->done(PH_OK, 0, {});
}

void StreamTransport::Tls::handshake_failed(TlsHandshake&, const TlsFailure& failure) {
    transport_.owner_.handshake_failed(transport_, failure);
    transport_.lose(std::make_unique<Loss>(Loss{failure.code, failure.os_errno, failure.text}));
}

bool StreamTransport::Tls::forget_start() {
    if (start_ == nullptr) return false;
    start_->done = nullptr;
    return true;
}

void StreamTransport::Tls::abandon_start() {
    const auto ended = std::move(start_);
    if (ended == nullptr || !ended->done) return;
    const Loss* const loss = transport_.loss_.get();
    if (loss != nullptr) {
        ended->done(loss->code, loss->os_errno, loss->text);
    } else {
        ended->done(PH_E_CLOSED, 0, "the connection was closed before TLS began");
    }
}

void StreamTransport::Tls::stop() {
    transport_.Task::unlink();
    patience_.reset();
    if (start_ == nullptr || start_->handshake == nullptr) return;
    start_->handshake->stop();
    transport_.loop_.retire(std::move(start_->handshake));
}

}  // namespace protohost::net

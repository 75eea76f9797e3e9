// SPDX-License-Identifier: MIT
#include "daemon/net/tls_session.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "daemon/net/socket_address.hpp"
#include "daemon/net/tls_session_cache.hpp"

namespace protohost::net {

namespace {

constexpr std::size_t largest_record = SSL3_RT_MAX_PLAIN_LENGTH;

/// A peer that takes records as fast as they are made would have the loop for itself: after a
/// megabyte, which is a millisecond or less, others get their turn.
constexpr int records_per_write = 64;

/// Takes bytes from the front of several pieces.
class Pieces {
public:
    explicit Pieces(std::span<const iovec> pieces) : rest_(pieces) { skip_empty(); }

    bool empty() const { return rest_.empty(); }
    const std::byte* data() const {
        return static_cast<const std::byte*>(rest_.front().iov_base) + offset_;
    }
    /// What is left of the first.
    std::size_t size() const { return rest_.front().iov_len - offset_; }

    /// Up to `most` of the bytes, one after the other: where they are, or where they had to be put.
    std::span<const std::byte> front(std::span<std::byte> room, std::size_t most) const {
        if (size() >= most || rest_.size() == 1) return {data(), std::min(size(), most)};
        Pieces walk = *this;
        std::size_t copied = 0;
        while (!walk.empty() && copied < most) {
            const std::size_t part = std::min(walk.size(), most - copied);
            std::memcpy(room.data() + copied, walk.data(), part);
            copied += part;
            walk.consume(part);
        }
        return room.first(copied);
    }
    void consume(std::size_t size) {
        while (size > 0) {
            const std::size_t part = std::min(size, this->size());
            offset_ += part;
            size -= part;
            skip_empty();
        }
    }

private:
    void skip_empty() {
        while (!rest_.empty() && offset_ == rest_.front().iov_len) {
            rest_ = rest_.subspan(1);
            offset_ = 0;
        }
    }

    std::span<const iovec> rest_;
    std::size_t offset_ = 0;
};

}  // namespace

void TlsSession::Free::operator()(SSL* ssl) const {
    SSL_free(ssl);
}

TlsSession::TlsSession(TlsSocket& sockets, int socket, TlsStart start)
    : sockets_(sockets),
      context_(std::move(start.context)),
      ssl_(SSL_new(context_->handle())),
      socket_(socket) {
    if (ssl_ == nullptr) throw std::bad_alloc();
    if (!start.received.empty()) {
        before_ = std::make_unique<ReceivedBefore>(ReceivedBefore{std::move(start.received)});
    }
    // One share for each direction, as OpenSSL counts them.
    SSL_set0_rbio(ssl_.get(), sockets.share());
    SSL_set0_wbio(ssl_.get(), sockets.share());
    // What waits may move in memory. Buffers are there only while there is something in them.
    SSL_set_mode(ssl_.get(),
                 SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                     SSL_MODE_RELEASE_BUFFERS);
    // A message then costs one recv, not one for its header and one for the rest.
    SSL_set_read_ahead(ssl_.get(), 1);
    SSL_set_options(ssl_.get(), SSL_OP_NO_RENEGOTIATION);
    if (context_->role() == TlsContext::Role::server) {
        SSL_set_accept_state(ssl_.get());
    } else {
        SSL_set_connect_state(ssl_.get());
        const std::string& name =
            start.server_name.empty() ? context_->server_name() : start.server_name;
        verify_name(name);
        resume(name);
    }
}

TlsSession::~TlsSession() {
    // What ended without close_notify may be resumed all the same, as long as nothing was wrong.
    if (failure_ == nullptr)
        SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

void TlsSession::verify_name(const std::string& name) {
    if (name.empty()) return;
    // OpenSSL would see another name, or refuse this one and then verify none.
    if (name.find('\0') != std::string::npos) {
        failure_ = std::make_unique<TlsFailure>(
            TlsFailure{TlsReason::certificate,
                       PH_E_TLS,
                       0,
                       "the name to be verified is none: it has a zero byte"});
        return;
    }
    X509_VERIFY_PARAM* const parameters = SSL_get0_param(ssl_.get());
    // An address is verified as such, and is no name that SNI could carry.
    if (X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str()) == 1) return;
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    X509_VERIFY_PARAM_set1_host(parameters, name.c_str(), name.size());
    // What SSL_set_tlsext_host_name is a macro for.
    SSL_ctrl(ssl_.get(),
             SSL_CTRL_SET_TLSEXT_HOSTNAME,
             TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(name.c_str()));
}

void TlsSession::resume(const std::string& name) {
    const std::string at = SocketAddress::peer_of(socket_).text();
    // Who has no address may be another one each time.
    if (at.empty()) return;
    resumption_ =
        std::make_unique<TlsResumption>(context_->sessions(), ssl_.get(), name + '\n' + at);
}

TlsSession::Result TlsSession::fail(int error) {
    if (failure_ != nullptr) return Result::failed;
    failure_ = std::make_unique<TlsFailure>(TlsFailure::of(ssl_.get(), error));
    // A connection that breaks says nothing about the session.
    if (resumption_ != nullptr && failure_->code == PH_E_TLS) resumption_->forget();
    return Result::failed;
}

TlsSession::Step TlsSession::handshake() {
    if (failure_ != nullptr) return Step::failed;
    choose_socket();
    if (unsent_ != nullptr) {
        const int broken = send_some(socket_, *unsent_);
        if (broken != 0 && !may_be_lost(broken)) return fail_os(broken);
        if (broken == 0 && !unsent_->empty()) return Step::wants_write;
        unsent_.reset();
    }
    sockets_.gather();
    ERR_clear_error();
    errno = 0;
    const int result = SSL_do_handshake(ssl_.get());
    return finish_step(result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), result));
}

TlsSession::Step TlsSession::finish_step(int error) {
    const bool done = error == SSL_ERROR_NONE;
    const bool waits = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
    if (!done && !waits) fail(error);
    // An alert as well.
    std::string rest;
    const int broken = sockets_.send_gathered(rest);
    if (failure_ != nullptr) return Step::failed;
    if (broken != 0 && !may_be_lost(broken)) return fail_os(broken);
    if (!rest.empty()) unsent_ = std::make_unique<std::string>(std::move(rest));
    if (unsent_ != nullptr || error == SSL_ERROR_WANT_WRITE) return Step::wants_write;
    if (!done) return Step::wants_read;
    dry_ = false;
    if (resumption_ != nullptr) resumption_->established(ssl_.get());
    return Step::done;
}

bool TlsSession::may_be_lost(int os_errno) const {
    const bool server = context_->role() == TlsContext::Role::server;
    const bool tickets = server && half_closes() && SSL_is_init_finished(ssl_.get()) == 1;
    return tickets && (os_errno == EPIPE || os_errno == ECONNRESET);
}

TlsSession::Step TlsSession::fail_os(int os_errno) {
    failure_ = std::make_unique<TlsFailure>(TlsFailure::os(os_errno));
    return Step::failed;
}

bool TlsSession::has_pending() const {
    if (ended_ || failure_ != nullptr) return true;
    if (reads_behind_write_) return false;
    if (before_ != nullptr && !before_->empty()) return true;
    return !dry_ && SSL_has_pending(ssl_.get()) == 1;
}

TlsSession::Result TlsSession::read(std::span<std::byte> room, std::size_t& size) {
    size = 0;
    if (failure_ != nullptr) return Result::failed;
    if (ended_) return Result::ended;
    choose_socket();
    reads_behind_write_ = false;
    writes_behind_read_ = false;
    dry_ = false;
    do {
        std::size_t got = 0;
        ERR_clear_error();
        errno = 0;
        const int result = SSL_read_ex(ssl_.get(), room.data() + size, room.size() - size, &got);
        if (result == 1) {
            size += got;
            continue;
        }
        const int error = SSL_get_error(ssl_.get(), result);
        // Then whole records may wait in OpenSSL.
        reads_behind_write_ = error == SSL_ERROR_WANT_WRITE;
        dry_ = !reads_behind_write_;
        if (error == SSL_ERROR_ZERO_RETURN) {
            ended_ = true;
        } else if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
            fail(error);
        }
        break;
    } while (size < room.size() && SSL_has_pending(ssl_.get()) == 1);
    if (size > 0) return Result::bytes;
    if (failure_ != nullptr) return Result::failed;
    return ended_ ? Result::ended : Result::would_block;
}

TlsSession::Result TlsSession::write(std::span<const iovec> pieces, std::size_t& taken) {
    taken = 0;
    choose_socket();
    // Then it reads, too, and more than it asks for.
    if (SSL_in_init(ssl_.get()) == 1) dry_ = false;
    Pieces rest(pieces);
    std::array<std::byte, largest_record> room;
    for (int i = 0; i < records_per_write && !rest.empty(); ++i) {
        // What was encrypted already is the same record again.
        const auto record = rest.front(room, committed_ != 0 ? committed_ : largest_record);
        const Result result = write_record(record.data(), record.size());
        if (result != Result::bytes) return result;
        taken += record.size();
        rest.consume(record.size());
    }
    return Result::bytes;
}

TlsSession::Result TlsSession::write_record(const void* data, std::size_t size) {
    std::size_t written = 0;
    ERR_clear_error();
    errno = 0;
    const int result = SSL_write_ex(ssl_.get(), data, size, &written);
    const int error = result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), result);
    writes_behind_read_ = error == SSL_ERROR_WANT_READ;
    // What was encrypted before is so still, and no more.
    if (writes_behind_read_) return Result::would_block;
    committed_ = 0;
    if (error == SSL_ERROR_NONE) {
        reads_behind_write_ = false;
        return Result::bytes;
    }
    if (error != SSL_ERROR_WANT_WRITE) return fail(error);
    committed_ = static_cast<std::uint16_t>(size);
    return Result::would_block;
}

bool TlsSession::send_close_notify(bool closes) {
    if (failure_ != nullptr) return true;
    choose_socket();
    ERR_clear_error();
    errno = 0;
    sockets_.closes_next(closes);
    const int result = SSL_shutdown(ssl_.get());
    sockets_.closes_next(false);
    const int error = result < 0 ? SSL_get_error(ssl_.get(), result) : SSL_ERROR_NONE;
    const bool lost = error == SSL_ERROR_SYSCALL || error == SSL_ERROR_ZERO_RETURN;
    if (lost && errno != 0) fail(error);
    ERR_clear_error();
    return error != SSL_ERROR_WANT_WRITE;
}

bool TlsSession::half_closes() const {
    return SSL_version(ssl_.get()) >= TLS1_3_VERSION;
}

}  // namespace protohost::net

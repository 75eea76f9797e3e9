// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/socket.h>
#include <sys/uio.h>
#include <utility>

#include "daemon/net/sendfile.hpp"
#include "daemon/net/stream_timeouts.hpp"
#include "daemon/net/stream_tls.hpp"
#include "daemon/net/stream_transport.hpp"

// The writing half: gather, send, queue, flow control.

namespace protohost::net {

namespace {

/// More pieces than this gain nothing: the socket buffer is full before.
constexpr std::size_t pieces_per_send = 64;

}  // namespace

ssize_t StreamTransport::send(std::span<iovec> pieces) {
    const bool secured = tls_ != nullptr && tls_->session() != nullptr;
    return secured ? tls_->send(pieces) : send_plain(pieces);
}

ssize_t StreamTransport::send_plain(std::span<iovec> pieces) {
    const int fd = socket_.get();
    ssize_t sent = 0;
    if (channel_ != Channel::socket) {
        sent = ::writev(fd, pieces.data(), static_cast<int>(pieces.size()));
    } else if (pieces.size() == 1) {
        sent = ::send(fd, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL);
    } else {
        msghdr message{};
        message.msg_iov = pieces.data();
        message.msg_iovlen = pieces.size();
        sent = ::sendmsg(fd, &message, MSG_NOSIGNAL);
    }
    if (sent >= 0) return sent;
    return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

void StreamTransport::lose_sending(int os_errno) {
    tls() != nullptr ? tls_->lose_for_failure() : lose_os(os_errno);
}

ph_status StreamTransport::check_writable(std::size_t size) {
    if (!writes()) return PH_E_UNSUPPORTED;
    if (eof_requested_) return PH_E_EOF_WRITTEN;
    const bool is_over = closing_ && (lost_ || eof_sent_ || notify_waits_);
    if (!is_over) return sendfile_ != nullptr ? PH_E_BUSY : PH_OK;
    traffic_.dropped += size;
    return size == 0 ? PH_OK : PH_E_CLOSED;
}

ph_status StreamTransport::write(const void* data, std::size_t size) {
    const ph_status status = check_writable(size);
    if (status != PH_OK || size == 0) return status;
    const bool gather = sends_directly() && loop_.in_callback() &&
                        gathered_ + size <= std::min(limits_.high(), limits_.limit()) &&
                        admits(gathered_ + size);
    if (gather && loop_.gather().add(*this, data, size)) {
        gathered_ += size;
        return PH_OK;
    }
    if (passes_limit(size)) return PH_E_LIMIT;
    if (lost_) return check_writable(size);
    const std::size_t taken = sends_directly() ? send_now({data, size}) : 0;
    if (lost_) return loss_status();
    queue_copy(static_cast<const std::byte*>(data) + taken, size - taken);
    // The scratch was full: make room for the next write, also of what others gathered.
    if (gather) loop_.gather().flush();
    written();
    return loss_status();
}

ph_status StreamTransport::writelines(const ph_iov* pieces, std::size_t count) {
    ph_status status = check_writable(0);
    for (std::size_t i = 0; i < count; ++i) {
        if (status == PH_OK) {
            status = write(pieces[i].p, pieces[i].n);
        } else if (status == PH_E_CLOSED || status == PH_E_LIMIT) {
            traffic_.dropped += pieces[i].n;
        }
    }
    return status;
}

ph_status StreamTransport::write_owned(ph_iov data, ph_fn release, void* arg) {
    ph_status status = check_writable(data.n);
    if (status == PH_OK && data.n != 0 && passes_limit(data.n)) status = PH_E_LIMIT;
    if (status == PH_OK && lost_) status = check_writable(data.n);
    if (status != PH_OK || data.n == 0) {
        WriteQueue::give_back(release, arg);
        return status;
    }
    const std::size_t taken = sends_directly() ? send_now(data) : 0;
    const auto* rest = static_cast<const std::byte*>(data.p) + taken;
    const std::size_t left = data.n - taken;
    if (left == 0 || !keeps(left) || !queue_.append_owned(rest, left, release, arg)) {
        WriteQueue::give_back(release, arg);
        if (left != 0 && !lost_) cannot_keep(left);
        return loss_status();
    }
    written();
    return loss_status();
}

bool StreamTransport::passes_limit(std::size_t size) {
    const auto fits = [&](std::size_t more) {
        return queue_.size() + more <= limits_.limit() && admits(more);
    };
    if (fits(gathered_ + size)) return false;
    flush_gathered();
    if (lost_ || fits(size)) return false;
    traffic_.dropped += size;
    const bool own = queue_.size() + size > limits_.limit();
    over_limit(size, own ? WriteLimit::connection : WriteLimit::daemon);
    return true;
}

std::size_t StreamTransport::send_now(ph_iov data) {
    std::span<iovec> pieces = loop_.gather().take(*this);
    const std::size_t gathered = std::exchange(gathered_, 0);
    if (data.n != 0) {
        pieces = {pieces.data(), pieces.size() + 1};
        pieces.back() = {const_cast<void*>(data.p), data.n};
    }
    const ssize_t result = send(pieces);
    if (result < 0) {
        traffic_.dropped += gathered + data.n;
        lose_sending(static_cast<int>(-result));
        return 0;
    }
    auto sent = static_cast<std::size_t>(result);
    count_sent(sent);
    if (sent == gathered + data.n) return data.n;
    const std::size_t taken = sent > gathered ? sent - gathered : 0;
    for (std::size_t i = 0, left = gathered; left > 0; ++i) {
        const std::size_t size = pieces[i].iov_len;
        const std::size_t skip = std::min(sent, size);
        sent -= skip;
        left -= size;
        queue_copy(static_cast<const std::byte*>(pieces[i].iov_base) + skip, size - skip);
    }
    if (lost_) traffic_.dropped += data.n - taken;
    return taken;
}

bool StreamTransport::keeps(std::size_t size) const {
    // What was accepted waits all the same where it cannot end the connection: no more than the
    // loop's scratch holds.
    return !lost_ && (!limits_.aborts() || loop_.write_budget().has_room(size));
}

void StreamTransport::count_sent(std::size_t size) {
    if (size == 0) return;
    traffic_.sent += size;
    if (idle_ != nullptr) idle_->moved();
    if (stall_ != nullptr) stall_->taken();
}

void StreamTransport::queue_copy(const void* data, std::size_t size) {
    if (size == 0 || (keeps(size) && queue_.append(data, size))) return;
    cannot_keep(size);
}

void StreamTransport::cannot_keep(std::size_t size) {
    traffic_.dropped += size;
    if (lost_) return;
    if (!keeps(size)) return over_limit(size, WriteLimit::daemon);
    lose(std::make_unique<Loss>(Loss{PH_E_NOMEM, 0, "out of memory for the write buffer"}));
}

void StreamTransport::flush_gathered() {
    if (gathered_ == 0) return;
    send_now({nullptr, 0});
    sync_interest();
}

void StreamTransport::written() {
    sync_interest();
    pause_if_over(queue_.size());
}

bool StreamTransport::something_waits() const {
    if (starting_tls_) return tls_->plain_left() != 0;
    return !queue_.empty() || notify_waits_ ||
           (sendfile_ != nullptr && sendfile_->waits_for_peer());
}

void StreamTransport::on_writable() {
    if (queue_.empty()) return sendfile_ != nullptr ? push_file() : flushed();
    std::array<iovec, pieces_per_send> vector;
    std::span<iovec> pieces = queue_.front(vector);
    // What is given back on the way may be what TLS begins with.
    const bool before_tls = starting_tls_;
    if (before_tls) pieces = tls_->before_start(pieces);
    const ssize_t result = send(pieces);
    if (result < 0) return lose_sending(static_cast<int>(-result));
    count_sent(static_cast<std::size_t>(result));
    queue_.consume(static_cast<std::size_t>(result));
    if (before_tls && starting_tls_) tls_->sent_before_start(static_cast<std::size_t>(result));
    resume_if_under(queue_.size());
    sendfile_ != nullptr ? push_file() : flushed();
}

void StreamTransport::flushed() {
    if (lost_ || starting_tls_ || !queue_.empty() || sendfile_ != nullptr) return;
    if (closing_) {
        end_in_order();
    } else if (eof_requested_) {
        shut_down_writing();
    }
}

ph_status StreamTransport::write_eof() {
    if (!can_write_eof()) return PH_E_UNSUPPORTED;
    // A pipe has one way: its end is the end.
    if (channel_ == Channel::write_pipe) {
        close();
        eof_requested_ = true;
        return PH_OK;
    }
    if (closing_ || eof_requested_) return PH_OK;
    flush_gathered();
    eof_requested_ = true;
    flushed();
    return PH_OK;
}

void StreamTransport::shut_down_writing() {
    if (tls_ != nullptr) {
        notify_peer(false);
        if (tls()->has_failed()) tls_->lose_for_failure();
        return;
    }
    if (eof_sent_) return;
    eof_sent_ = true;
    if (::shutdown(socket_.get(), SHUT_WR) == 0) return;
    // Not connected any more: why, the socket knows, if nobody has asked it yet.
    int reason = 0;
    socklen_t size = sizeof reason;
    const int error = errno;
    ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &reason, &size);
    lose_os(reason != 0 ? reason : error);
}

ph_status StreamTransport::set_write_buffer_limits(std::int64_t high, std::int64_t low) {
    if (!writes()) return PH_E_UNSUPPORTED;
    flush_gathered();
    if (const ph_status status = limits_.set(high, low); status != PH_OK) return status;
    pause_if_over(queue_.size());
    return PH_OK;
}

void StreamTransport::get_write_buffer_limits(std::size_t& low, std::size_t& high) const {
    low = writes() ? limits_.low() : 0;
    high = writes() ? limits_.high() : 0;
}

std::size_t StreamTransport::get_write_buffer_size() {
    flush_gathered();
    return queue_.size();
}

}  // namespace protohost::net

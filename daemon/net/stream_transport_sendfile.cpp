// SPDX-License-Identifier: MIT
#include <cstdint>
#include <utility>

#include "daemon/net/sendfile.hpp"
#include "daemon/net/stream_tls.hpp"

// What a transport does for a file that goes behind its queue.

namespace protohost::net {

ph_status StreamTransport::sendfile(int fd,
                                    std::uint64_t offset,
                                    std::uint64_t count,
                                    FileSent&& done) {
    if (!writes()) return PH_E_UNSUPPORTED;
    if (closing_) return PH_E_CLOSED;
    if (eof_requested_) return PH_E_EOF_WRITTEN;
    if (sendfile_ != nullptr || starting_tls_) return PH_E_BUSY;
    if (count == 0 || offset > INT64_MAX) return PH_E_INVAL;
    flush_gathered();
    if (lost_) return PH_E_CLOSED;
    sendfile_ =
        std::make_unique<Sendfile>(*this, Sendfile::Source{fd, offset, count}, std::move(done));
    sync_interest();
    return PH_OK;
}

std::uint64_t StreamTransport::cancel_sendfile() {
    if (sendfile_ == nullptr) return 0;
    // What TLS has encrypted of it already goes out all the same, and waits as a write does.
    const auto committed = sendfile_->next(tls() != nullptr ? tls()->committed() : 0);
    const std::uint64_t sent = sendfile_->sent() + committed.size();
    queue_copy(committed.data(), committed.size());
    sendfile_.reset();
    sync_interest();
    flushed();
    return sent;
}

void StreamTransport::push_file() {
    if (lost_ || !queue_.empty()) return;
    using State = Sendfile::Step::State;
    const Sendfile::Step step = sendfile_->push();
    count_sent(step.bytes);
    switch (step.state) {
        case State::more:
            return sync_interest();
        case State::finished:
            return end_file(PH_OK, 0);
        case State::file_failed:
            return end_file(PH_E_OS, step.os_errno);
        case State::connection_lost:
            return lose_sending(step.os_errno);
    }
}

void StreamTransport::end_file(ph_status status, int os_errno) {
    // Over before anybody is told, who may begin the next.
    const auto ended = std::move(sendfile_);
    sync_interest();
    ended->tell(status, os_errno);
    flushed();
}

void StreamTransport::abandon_file() {
    const auto ended = std::move(sendfile_);
    if (ended == nullptr) return;
    const bool known = loss_ != nullptr && (loss_->code == PH_E_OS || loss_->code == PH_E_TIMEOUT);
    ended->tell(known ? loss_->code : ph_status{PH_E_CLOSED}, known ? loss_->os_errno : 0);
}

}  // namespace protohost::net

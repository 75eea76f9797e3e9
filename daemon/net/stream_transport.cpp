// SPDX-License-Identifier: MIT
#include "daemon/net/stream_transport.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "daemon/base/failure.hpp"
#include "daemon/net/sendfile.hpp"
#include "daemon/net/stream_timeouts.hpp"
#include "daemon/net/stream_tls.hpp"

// Life and reading. Writing is in stream_transport_write.cpp.

namespace protohost::net {

namespace {

bool has_buffer(const ph_stream_ops* ops) {
    return PH_HAS(ops, get_buffer) && PH_HAS(ops, buffer_updated);
}

/// Whether the kernel says when the other end of a pipe is gone: of terminals and the like it does
/// not, and of a FIFO that is open both ways we are that end.
bool has_a_reader(int fd) {
    struct stat found {};
    if (::fstat(fd, &found) != 0) return false;
    return S_ISSOCK(found.st_mode) ||
           (S_ISFIFO(found.st_mode) && (::fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY);
}

}  // namespace

StreamTransport::StreamTransport(Loop& loop,
                                 base::Descriptor socket,
                                 PeerName peer,
                                 const TransportSettings& settings,
                                 TransportOwner& owner,
                                 std::shared_ptr<void> factory,
                                 Channel channel)
    : ProtocolTransport(loop, owner, std::move(factory), settings.write_buffer),
      socket_(std::move(socket)),
      channel_(channel),
      watches_reader_(channel == Channel::write_pipe && has_a_reader(socket_.get())),
      queue_(loop.write_budget()),
      peer_(std::move(peer)) {
    if (channel == Channel::socket) peer_.identify(socket_.get());
    arm_timeouts(settings);
}

StreamTransport::~StreamTransport() {
    // Before the queue, whose releases are the plugin's.
    remove_reference();
}

void StreamTransport::use(ph_proto protocol) {
    ProtocolTransport::use(protocol);
    buffered_ = has_buffer(&ops());
}

bool StreamTransport::suits(ph_proto next) const {
    if (next.ops->kind != PH_STREAM) return false;
    const auto* ops = reinterpret_cast<const ph_stream_ops*>(next.ops);
    return PH_HAS(ops, data_received) || has_buffer(ops);
}

void StreamTransport::arm_timeouts(const TransportSettings& settings) {
    idle_.reset();
    stall_.reset();
    if (settings.idle.count() != 0) idle_ = std::make_unique<IdleTimeout>(*this, settings.idle);
    if (settings.write_stall.count() != 0 && writes()) {
        stall_ = std::make_unique<StallTimeout>(*this, settings.write_stall);
        stall_->waits(waits_for_peer());
    }
}

void StreamTransport::retune(const TransportSettings& settings) {
    if (lost_) return;
    arm_timeouts(settings);
    ProtocolTransport::retune(settings);
}

void StreamTransport::on_events(std::uint32_t events) {
    if (lost_) return;
    dispatching_ = true;
    if (tls_ != nullptr) events = tls_->meant_by(events);
    const bool ended_or_broken = (events & (EPOLLHUP | EPOLLERR)) != 0;
    if ((interest_ & EPOLLIN) != 0 && (ended_or_broken || (events & EPOLLIN) != 0)) {
        watches_reader_ ? reader_gone() : on_readable();
    }
    if (waits_for_peer() && (ended_or_broken || (events & EPOLLOUT) != 0)) on_writable();
    dispatching_ = false;
    sync_interest();
}

void StreamTransport::sync_interest() {
    // Inside a batch of our own, pausing and resuming may cancel each other out: once, at its end.
    if (dispatching_) return;
    std::uint32_t wanted = 0;
    if (!lost_) {
        if (wants_input()) wanted |= EPOLLIN;
        if (waits_for_peer()) wanted |= EPOLLOUT;
    }
    if (tls_ != nullptr) return tls_->watch(wanted);
    if (wanted != interest_) change_interest(wanted, interest_, wanted);
}

void StreamTransport::change_interest(std::uint32_t wanted,
                                      std::uint32_t before,
                                      std::uint32_t after) {
    const int error = loop_.set().change(socket_.get(), before, after, *this);
    if (error != 0 && after != 0) return lose_os(error);
    interest_ = wanted;
    if (stall_ != nullptr) stall_->waits((wanted & EPOLLOUT) != 0);
}

void StreamTransport::on_readable() {
    if (lingering_) {
        await_peer_notify();
    } else if (buffered_) {
        read_into_protocol();
    } else {
        read_for_protocol();
    }
}

void StreamTransport::reader_gone() {
    if (queue_.empty() && sendfile_ == nullptr) {
        lose(nullptr);
    } else {
        lose_os(EPIPE);
    }
}

ssize_t StreamTransport::receive(void* data, std::size_t size) {
    if (tls_ != nullptr) return receive_secured(data, size);
    if (channel_ == Channel::socket) return ::recv(socket_.get(), data, size, 0);
    return ::read(socket_.get(), data, size);
}

void StreamTransport::read_for_protocol() {
    const auto buffer = loop_.read_buffer();
    const ssize_t size = receive(buffer.data(), buffer.size());
    if (size <= 0) return received(size, errno);
    count_received(size);
    call("data_received", [&](void* self) {
        return ops().data_received(self, buffer.data(), static_cast<std::size_t>(size));
    });
}

void StreamTransport::read_into_protocol() {
    const ph_proto lender = protocol_;
    void* data = nullptr;
    std::size_t room = 0;
    const bool lent =
        call("get_buffer", [&](void* self) { return ops().get_buffer(self, -1, &data, &room); });
    // Whoever was put in its place has a buffer of its own, or none: the next event asks it.
    if (!lent || !is_reading()) return;
    if (protocol_.self != lender.self || protocol_.ops != lender.ops) return;
    if (data == nullptr || room == 0) {
        base::set_failure("get_buffer() returned an empty buffer");
        return callback_failed("get_buffer", PH_E_INVAL);
    }
    const ssize_t size = receive(data, room);
    if (size <= 0) return received(size, errno);
    count_received(size);
    call("buffer_updated",
         [&](void* self) { return ops().buffer_updated(self, static_cast<std::size_t>(size)); });
}

void StreamTransport::count_received(ssize_t size) {
    traffic_.received += static_cast<std::uint64_t>(size);
    if (idle_ != nullptr) idle_->moved();
}

void StreamTransport::received(ssize_t size, int error) {
    if (size == 0) return on_eof();
    if (error != EAGAIN && error != EINTR) lose_os(error);
}

void StreamTransport::on_eof() {
    eof_received_ = true;
    if (channel_ == Channel::read_pipe) {
        // Nothing can be written to it: there is nothing to keep open. Both ends are told soon.
        closing_ = true;
        eof_untold_ = true;
        loop_.call_soon(*this);
    } else if (!tell_eof() || !can_write_eof()) {
        close();
    }
}

bool StreamTransport::tell_eof() {
    std::int32_t keep_open = 0;
    if (PH_HAS(&ops(), eof_received)) {
        call("eof_received", [&](void* self) { return ops().eof_received(self, &keep_open); });
    }
    return keep_open != 0;
}

void StreamTransport::pause_reading() {
    paused_reading_ = true;
    sync_interest();
}

void StreamTransport::resume_reading() {
    paused_reading_ = false;
    sync_interest();
}

void StreamTransport::drain(std::uint64_t deadline) {
    if (closing_) return;
    const auto ask = PH_HAS(&ops(), drain_requested) ? ops().drain_requested : nullptr;
    if (!finishes_by_itself(ask, deadline)) close();
}

void StreamTransport::close() {
    if (closing_) return;
    if (starting_tls_) return lose(nullptr);
    flush_gathered();
    closing_ = true;
    sync_interest();
    flushed();
}

void StreamTransport::abort() {
    flush_gathered();
    lose(nullptr);
}

void StreamTransport::callback_failed(std::string_view callback, ph_status status) {
    lose(std::make_unique<Loss>(Loss{status, 0, report_failure(callback)}));
}

void StreamTransport::timed_out(std::string text) {
    owner_.timed_out(*this, text);
    lose(std::make_unique<Loss>(Loss{PH_E_TIMEOUT, 0, std::move(text)}));
}

void StreamTransport::lose(std::unique_ptr<Loss> loss) {
    if (lost_) return;
    lost_ = true;
    closing_ = true;
    loss_ = std::move(loss);
    loop_.gather().take(*this);
    traffic_.dropped += std::exchange(gathered_, 0) + queue_.size();
    queue_.clear();
    eof_untold_ = false;
    if (sendfile_ != nullptr) sendfile_->stop();
    if (tls_ != nullptr) tls_->stop();
    lingering_ = false;
    starting_tls_ = false;
    sync_interest();
    idle_.reset();
    stall_.reset();
    if (!Task::is_linked()) loop_.call_soon(*this);
}

void StreamTransport::run() {
    if (eof_untold_) {
        eof_untold_ = false;
        tell_eof();
        lose(nullptr);
        Task::unlink();  // nothing comes between the two
    }
    if (!lost_) {
        dispatching_ = true;
        if (wants_input()) on_readable();
        dispatching_ = false;
        return sync_interest();
    }
    abandon_file();
    if (tls_ != nullptr) tls_->abandon_start();
    end();
}

ph_status StreamTransport::get_extra_info(std::string_view name, ph_info& info) {
    InfoScratch& scratch = loop_.info_scratch();
    if (name == (channel_ == Channel::socket ? "socket" : "pipe")) {
        info.kind = PH_INFO_DESCRIPTOR;
        info.number = socket_.get();
        scratch.text = std::to_string(socket_.get());
    } else if (channel_ == Channel::socket && (name == "peername" || name == "sockname")) {
        scratch.address = name == "peername" ? peer_.address() : peer_.reached();
        if (name == "sockname" && scratch.address.family() == AF_UNSPEC) {
            scratch.address = SocketAddress::local_of(socket_.get());
        }
        if (scratch.address.family() == AF_UNSPEC) return PH_E_UNSUPPORTED;
        info.kind = PH_INFO_ADDRESS;
        info.address = {scratch.address.data(), scratch.address.size(), 0};
        scratch.text = scratch.address.text();
    } else {
        return get_tls_info(name, info);
    }
    info.text = {scratch.text.data(), scratch.text.size()};
    return PH_OK;
}

}  // namespace protohost::net

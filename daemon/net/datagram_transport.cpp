// SPDX-License-Identifier: MIT
#include "daemon/net/datagram_transport.hpp"

#include <cerrno>
#include <utility>

#include "daemon/base/failure.hpp"
#include "daemon/net/guard.hpp"
#include "daemon/net/write_queue.hpp"

// Life and receiving. Sending is in datagram_transport_send.cpp.

namespace protohost::net {

namespace {

ph_str to_abi(std::string_view text) {
    return {text.data(), text.size()};
}

}  // namespace

DatagramTransport::DatagramTransport(Loop& loop,
                                     DatagramSocket socket,
                                     const TransportSettings& settings,
                                     TransportOwner& owner,
                                     std::shared_ptr<void> factory)
    : ProtocolTransport(loop, owner, std::move(factory), settings.write_buffer),
      socket_(std::move(socket)),
      local_(SocketAddress::local_of(socket_.descriptor.get())),
      queue_(&loop.write_budget()),
      retry_(loop) {}

void DatagramTransport::start(ph_proto protocol) {
    ProtocolTransport::start(protocol);
    // What its predecessor has left.
    if (!kept_.empty()) schedule();
}

bool DatagramTransport::suits(ph_proto next) const {
    return next.ops->kind == PH_DATAGRAM &&
           PH_HAS(reinterpret_cast<const ph_datagram_ops*>(next.ops), datagram_received);
}

void DatagramTransport::callback_failed(std::string_view callback, ph_status) {
    report_failure(callback);
}

void DatagramTransport::on_events(std::uint32_t events) {
    if (lost_) return;
    dispatching_ = true;
    // A pending error is told by whichever call comes first, so it wakes both.
    const bool broken = (events & (EPOLLHUP | EPOLLERR)) != 0;
    if ((interest_ & EPOLLIN) != 0 && (broken || (events & EPOLLIN) != 0)) on_readable();
    if ((interest_ & EPOLLOUT) != 0 && !queue_.empty() && (broken || (events & EPOLLOUT) != 0)) {
        on_writable();
    }
    dispatching_ = false;
    sync_interest();
}

void DatagramTransport::sync_interest() {
    // Inside a batch of our own, pausing and resuming may cancel each other out: once, at its end.
    if (dispatching_) return;
    std::uint32_t wanted = 0;
    if (!lost_ && started_ && is_reading() && kept_.empty()) wanted |= EPOLLIN;
    if (!lost_ && !queue_.empty() && retry_delay_.count() == 0) wanted |= EPOLLOUT;
    if (wanted == interest_) return;
    const int error = loop_.set().change(socket_.descriptor.get(), interest_, wanted, *this);
    if (error == 0 || wanted == 0) {
        interest_ = wanted;
    } else {
        lose_os(error);
    }
}

void DatagramTransport::on_readable() {
    DatagramReceiver& receiver = loop_.datagrams().receiver;
    const int received = receiver.receive(socket_.descriptor.get(), socket_.family);
    if (received < 0) {
        const bool nothing = received == -EAGAIN || received == -EINTR;
        if (!nothing) failed(-received, socket_.connected ? socket_.remote : SocketAddress());
        return tell_failures();
    }
    // What the callbacks of one batch send leaves as one batch.
    const CallbackScope scope(loop_);
    const auto count = static_cast<std::size_t>(received);
    for (std::size_t i = 0; i < count && !closing_; ++i) {
        if (paused_reading_) return keep_rest(i, count);
        traffic_.received += receiver[i].size;
        if (receiver.cut_off(i)) {
            failed(EMSGSIZE, SocketAddress());
        } else {
            deliver(receiver[i]);
        }
    }
}

void DatagramTransport::deliver(const Datagram& datagram) {
    call("datagram_received", [&](void* self) {
        return ops().datagram_received(self, datagram.data, datagram.size, datagram.address);
    });
    // The batch is around the callbacks, which so are never outermost themselves.
    base::forget_failure();
}

void DatagramTransport::keep_rest(std::size_t from, std::size_t count) {
    const DatagramReceiver& receiver = loop_.datagrams().receiver;
    for (std::size_t i = from; i < count; ++i) {
        traffic_.received += receiver[i].size;
        if (receiver.cut_off(i)) {
            failed(EMSGSIZE, SocketAddress());
        } else if (!kept_.append(receiver[i])) {
            failed(ENOMEM, SocketAddress());
        }
    }
}

void DatagramTransport::deliver_kept() {
    // Out of reach of close(), which drops what is kept, and not what is being delivered.
    DatagramQueue kept;
    kept.swap(kept_);
    dispatching_ = true;
    {
        const CallbackScope scope(loop_);
        while (!kept.empty() && is_reading()) {
            Datagram oldest{};
            deliver(kept.front({&oldest, 1}).front());
            kept.pop();
        }
    }
    if (!closing_) kept_.swap(kept);
    dispatching_ = false;
    sync_interest();
}

void DatagramTransport::pause_reading() {
    paused_reading_ = true;
    sync_interest();
}

void DatagramTransport::resume_reading() {
    paused_reading_ = false;
    if (!kept_.empty()) schedule();
    sync_interest();
}

void DatagramTransport::drain(std::uint64_t deadline) {
    if (closing_) return;
    const auto ask = PH_HAS(&ops(), drain_requested) ? ops().drain_requested : nullptr;
    if (!finishes_by_itself(ask, deadline)) close();
}

void DatagramTransport::close() {
    if (closing_) return;
    flush_gathered();
    closing_ = true;
    kept_.clear();
    if (queue_.empty()) {
        lose(nullptr);
    } else {
        sync_interest();
    }
}

void DatagramTransport::abort() {
    flush_gathered();
    lose(nullptr);
}

DatagramSocket DatagramTransport::release_socket() {
    abort();
    return std::move(socket_);
}

void DatagramTransport::lose(std::unique_ptr<Loss> loss) {
    if (lost_) return;
    lost_ = true;
    closing_ = true;
    loss_ = std::move(loss);
    if (gathered_ != 0) {
        for (const Datagram& datagram : loop_.datagrams().gather.take(*this)) {
            traffic_.dropped += datagram.size;
        }
        gathered_ = 0;
    }
    traffic_.dropped += queue_.bytes();
    queue_.clear();
    kept_.clear();
    retry_.cancel();
    sync_interest();
    schedule();
}

void DatagramTransport::schedule() {
    if (!Task::is_linked()) loop_.call_soon(*this);
}

void DatagramTransport::run() {
    tell_failures();
    if (lost_) {
        Task::unlink();
        end();
    } else if (!kept_.empty() && is_reading()) {
        deliver_kept();
    }
}

void DatagramTransport::close_descriptor() {
    socket_.descriptor.close();
    socket_.file.reset();
}

void DatagramTransport::failed(int os_errno, const SocketAddress& destination) {
    failures_.push_back({os_errno, destination});
    schedule();
}

void DatagramTransport::tell_failures() {
    // From inside error_received it is called again: one at a time, and the others in their turn.
    if (telling_ || failures_.empty()) return;
    telling_ = true;
    for (const Failure& failure : std::exchange(failures_, {})) {
        if (!PH_HAS(&ops(), error_received)) break;
        const std::string text = send_error_text(failure.os_errno, socket_.family);
        const ph_error why{sizeof why, PH_E_OS, failure.os_errno, 0, to_abi(text)};
        const SocketAddress& to = failure.destination;
        const bool known = to.family() != AF_UNSPEC;
        const ph_addr destination{known ? to.data() : nullptr, known ? to.size() : 0, 0};
        call("error_received",
             [&](void* self) { return ops().error_received(self, &why, destination); });
    }
    telling_ = false;
    if (!failures_.empty()) schedule();
}

ph_status DatagramTransport::write_owned(ph_iov, ph_fn release, void* arg) {
    WriteQueue::give_back(release, arg);
    return PH_E_UNSUPPORTED;
}

std::string DatagramTransport::peer_text() const {
    const SocketAddress& remote = socket_.remote;
    if (remote.family() != AF_UNSPEC) return remote.text();
    return local_.text();
}

ph_status DatagramTransport::get_extra_info(std::string_view name, ph_info& info) {
    InfoScratch& scratch = loop_.info_scratch();
    const int fd = socket_.descriptor.get();
    if (name == "socket") {
        info.kind = PH_INFO_DESCRIPTOR;
        info.number = fd;
        scratch.text = std::to_string(fd);
    } else if (name == "sockname" || (name == "peername" && socket_.connected)) {
        scratch.address = name == "peername" ? socket_.remote : SocketAddress::local_of(fd);
        if (scratch.address.family() == AF_UNSPEC) return PH_E_UNSUPPORTED;
        info.kind = PH_INFO_ADDRESS;
        info.address = {scratch.address.data(), scratch.address.size(), 0};
        scratch.text = scratch.address.text();
    } else {
        return PH_E_UNSUPPORTED;
    }
    info.text = to_abi(scratch.text);
    return PH_OK;
}

}  // namespace protohost::net

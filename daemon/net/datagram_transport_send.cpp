// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "daemon/net/datagram_transport.hpp"

// The sending half: gather, send, queue, flow control.

namespace protohost::net {

namespace {

// While one that it sends to is full, a UNIX socket is asked again so often.
constexpr auto first_retry = std::chrono::milliseconds(1);
constexpr auto last_retry = std::chrono::milliseconds(64);

std::size_t bytes_of(std::span<const Datagram> datagrams) {
    std::size_t bytes = 0;
    for (const Datagram& datagram : datagrams) bytes += datagram.size;
    return bytes;
}

}  // namespace

ph_status DatagramTransport::resolve_destination(ph_addr& to) const {
    const bool given = to.sa != nullptr && to.len != 0;
    const bool fixed = socket_.connected || socket_.remote.family() != AF_UNSPEC;
    if (given && fixed && SocketAddress(to.sa, to.len) != socket_.remote) return PH_E_INVAL;
    if (!given && !fixed) return PH_E_INVAL;
    if (to.len > sizeof(sockaddr_storage)) return PH_E_INVAL;
    if (socket_.connected) {
        to = {nullptr, 0, 0};
    } else if (fixed) {
        to = {socket_.remote.data(), socket_.remote.size(), 0};
    }
    return PH_OK;
}

ph_status DatagramTransport::sendto(const void* data, std::size_t size, ph_addr to) {
    if (const ph_status status = resolve_destination(to); status != PH_OK) return status;
    const Datagram datagram{to, static_cast<const std::byte*>(data), size};
    if (lost_) {
        traffic_.dropped += size;
        return PH_E_CLOSED;
    }
    const std::size_t cost = DatagramQueue::cost(size);
    const bool gather = queue_.empty() && loop_.in_callback() &&
                        gathered_ + cost <= std::min(limits_.high(), limits_.limit()) &&
                        admits(gathered_ + cost);
    if (gather && loop_.datagrams().gather.add(*this, datagram)) {
        gathered_ += cost;
        return PH_OK;
    }
    if (passes_limit(size)) return PH_E_LIMIT;
    flush_gathered();
    // The scratch was full: make room for the next one, also of what others gathered.
    if (gather) loop_.datagrams().gather.flush();
    if (queue_.empty() && !lost_) {
        send({&datagram, 1});
    } else {
        enqueue(datagram);
    }
    sync_interest();
    pause_if_over(queue_.size());
    tell_failures();
    return loss_status();
}

bool DatagramTransport::passes_limit(std::size_t size) {
    const std::size_t cost = DatagramQueue::cost(size);
    const auto fits = [&](std::size_t more) {
        return queue_.size() + more <= limits_.limit() && admits(more);
    };
    if (fits(gathered_ + cost)) return false;
    flush_gathered();
    if (lost_ || fits(cost)) return false;
    traffic_.dropped += size;
    const bool own = queue_.size() + cost > limits_.limit();
    over_limit(size, own ? WriteLimit::connection : WriteLimit::daemon);
    return true;
}

void DatagramTransport::flush_gathered() {
    if (gathered_ != 0) send_gathered(loop_.datagrams().gather.take(*this));
}

void DatagramTransport::send_gathered(std::span<const Datagram> datagrams) {
    gathered_ = 0;
    send(datagrams);
    sync_interest();
}

void DatagramTransport::send(std::span<const Datagram> datagrams) {
    while (!datagrams.empty()) {
        const DatagramsSent sent = send_datagrams(socket_.descriptor.get(), datagrams);
        traffic_.sent += bytes_of(datagrams.first(sent.count));
        datagrams = datagrams.subspan(sent.count);
        if (sent.os_errno == 0 || sent.os_errno == EAGAIN) break;
        failed_to_send(sent.os_errno, datagrams.front());
        datagrams = datagrams.subspan(1);
    }
    for (const Datagram& datagram : datagrams) enqueue(datagram);
}

void DatagramTransport::enqueue(const Datagram& datagram) {
    const bool fits =
        !limits_.aborts() || loop_.write_budget().has_room(DatagramQueue::cost(datagram.size));
    if (lost_ || !fits) {
        traffic_.dropped += datagram.size;
        if (!lost_) over_limit(datagram.size, WriteLimit::daemon);
    } else if (!queue_.append(datagram)) {
        failed_to_send(ENOMEM, datagram);
    }
}

void DatagramTransport::failed_to_send(int os_errno, const Datagram& datagram) {
    const bool addressed = datagram.address.sa != nullptr;
    failed(os_errno, addressed ? datagram.peer() : socket_.remote);
}

void DatagramTransport::on_writable() {
    std::array<Datagram, datagrams_per_call> room;
    const std::span<const Datagram> oldest = queue_.front(room);
    const DatagramsSent sent = send_datagrams(socket_.descriptor.get(), oldest);
    if (sent.count == 0 && sent.os_errno == EAGAIN) return back_off();
    retry_delay_ = {};
    const bool rejected = sent.os_errno != 0 && sent.os_errno != EAGAIN;
    if (rejected) failed_to_send(sent.os_errno, oldest[sent.count]);
    traffic_.sent += bytes_of(oldest.first(sent.count));
    queue_.pop(sent.count + (rejected ? 1 : 0));
    tell_failures();
    resume_if_under(queue_.size());
    if (!lost_ && closing_ && queue_.empty()) lose(nullptr);
}

void DatagramTransport::back_off() {
    retry_delay_ = std::clamp(2 * retry_delay_, first_retry, last_retry);
    retry_.start(retry_delay_, [this] {
        dispatching_ = true;
        on_writable();
        dispatching_ = false;
        sync_interest();
    });
}

ph_status DatagramTransport::set_write_buffer_limits(std::int64_t high, std::int64_t low) {
    flush_gathered();
    const ph_status status = limits_.set(high, low);
    if (status == PH_OK) pause_if_over(queue_.size());
    return status;
}

void DatagramTransport::get_write_buffer_limits(std::size_t& low, std::size_t& high) const {
    low = limits_.low();
    high = limits_.high();
}

std::size_t DatagramTransport::get_write_buffer_size() {
    flush_gathered();
    return queue_.size();
}

}  // namespace protohost::net
